//! A text as a picture that people read more easily than programs do.

use rand::{Rng, RngExt};

/// Width of a picture, in pixels.
const WIDTH: usize = 120;
/// Height of a picture, in pixels.
const HEIGHT: usize = 44;
/// Pixels of a glyph's square in the font.
const GLYPH: f32 = 8.0;
/// Pixels of the picture for one of the font.
const SCALE: f32 = 3.6;
/// How far a glyph is turned at most, in radians.
const TURN_MAX: f32 = 0.4;
/// Curves across the text.
const CURVES: usize = 3;
/// Specks all over.
const SPECKS: usize = 260;

/// A grey picture.
struct Canvas(Vec<u8>);

/// Where a glyph stands.
struct Place {
    x: f32,
    y: f32,
    sine: f32,
    cosine: f32,
}

/// A PNG that shows `text`, a few ASCII characters, each time in another way.
pub(super) fn draw(text: &str) -> Vec<u8> {
    let mut generator = rand::rng();
    let mut canvas = Canvas(vec![245; WIDTH * HEIGHT]);
    for (at, character) in text.bytes().enumerate() {
        let place = Place::random(at, text.len(), &mut generator);
        canvas.glyph(font8x8::legacy::BASIC_LEGACY[usize::from(character & 0x7f)], &place);
    }
    for _ in 0..CURVES {
        canvas.curve(&mut generator);
    }
    for _ in 0..SPECKS {
        let at = generator.random_range(0..canvas.0.len());
        canvas.0[at] = generator.random_range(40..220);
    }
    png(&canvas.0).expect("a picture of a fixed size is written to memory")
}

impl Place {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen pixels")]
    fn random(at: usize, of: usize, generator: &mut impl Rng) -> Self {
        let cell = WIDTH as f32 / of.max(1) as f32;
        let angle: f32 = generator.random_range(-TURN_MAX..TURN_MAX);
        Self {
            x: cell * (at as f32 + 0.5) + generator.random_range(-2.0..2.0),
            y: HEIGHT as f32 / 2.0 + generator.random_range(-4.0..4.0),
            sine: angle.sin(),
            cosine: angle.cos(),
        }
    }

    /// Which bit of the glyph a pixel shows: the way back of turning and enlarging it.
    #[expect(clippy::cast_precision_loss, reason = "a few dozen pixels")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the glyph's square")]
    fn bit(&self, x: usize, y: usize) -> Option<(usize, usize)> {
        let (dx, dy) = (x as f32 - self.x, y as f32 - self.y);
        let column = (dx * self.cosine + dy * self.sine) / SCALE + GLYPH / 2.0;
        let row = (dy * self.cosine - dx * self.sine) / SCALE + GLYPH / 2.0;
        let inside = |place: f32| (0.0..GLYPH).contains(&place);
        (inside(column) && inside(row)).then_some((column as usize, row as usize))
    }
}

impl Canvas {
    fn glyph(&mut self, glyph: [u8; 8], place: &Place) {
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                if let Some((column, row)) = place.bit(x, y)
                    && glyph[row] & (1 << column) != 0
                {
                    self.0[y * WIDTH + x] = 60;
                }
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a few dozen pixels")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
    fn curve(&mut self, generator: &mut impl Rng) {
        let middle = generator.random_range(10.0..HEIGHT as f32 - 10.0);
        let (swing, length) = (generator.random_range(3.0..10.0), generator.random_range(10.0_f32..30.0));
        for x in 0..WIDTH {
            let y = (middle + swing * (x as f32 / length).sin()).clamp(0.0, HEIGHT as f32 - 1.0);
            self.0[y as usize * WIDTH + x] = 90;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a few dozen pixels")]
fn png(pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_can_be_read_back_and_is_never_the_same() {
        let picture = draw("AB29");
        let decoder = png::Decoder::new(std::io::Cursor::new(&picture));
        let reader = decoder.read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (120, 44));
        assert_ne!(picture, draw("AB29"));
    }
}
