//! What a plugin declares, checked.

use super::accepted::{Words, accepted};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use plugin_api::descriptor::{Descriptor, Setting, is_secret_property};
use serde_json::{Map, Value};

/// More than a page of settings can show.
const SETTINGS_MAX: usize = 100;
/// The limit of the column.
const KEY_BYTES_MAX: usize = 64;
/// It is sent to whoever opens the page of settings.
const SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// The settings of one version of a plugin.
#[derive(Debug)]
pub struct Declared {
    schema: Value,
    fields: Vec<Field>,
    validator: Validator,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// One line for people.
    pub title: String,
    /// What holds while nothing is set.
    pub default: Option<Value>,
    /// Whether its value is never shown.
    pub secret: bool,
}

/// Why a declaration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclarationError {
    /// A key that can't be one.
    #[error("setting {key:?} can't be accepted: a key in snake_case of at most {KEY_BYTES_MAX} characters is")]
    Key {
        /// The key.
        key: String,
    },
    /// The same key twice.
    #[error("setting {key} stands twice in the descriptor")]
    Twice {
        /// The key.
        key: String,
    },
    /// Too many, or a schema that is too long.
    #[error(
        "there are {count} settings in a schema of {bytes} bytes; at most {SETTINGS_MAX} in {SCHEMA_BYTES_MAX} bytes are accepted"
    )]
    TooMuch {
        /// How many settings.
        count: usize,
        /// The size of the schema.
        bytes: usize,
    },
    /// The schema is none, or refers to something outside.
    #[error("the schema of the settings can't be used: {reason}")]
    Schema {
        /// Why.
        reason: String,
    },
    /// A default that its own schema refuses.
    #[error("the default of setting {key} must be {accepted}")]
    Default {
        /// The key.
        key: String,
        /// What would be accepted.
        accepted: String,
    },
}

/// Something that the schema refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) key: String,
    /// The rest of the way to the value.
    pub(super) path: Vec<String>,
    pub(super) missing: bool,
    pub(super) accepted: Words,
}

impl Declared {
    /// The settings of a descriptor.
    ///
    /// # Errors
    /// [`DeclarationError`] for the first fault.
    pub fn of(descriptor: &Descriptor) -> Result<Self, DeclarationError> {
        let schema = descriptor.settings_schema();
        let bytes = schema.to_string().len();
        let count = descriptor.settings.len();
        if count > SETTINGS_MAX || bytes > SCHEMA_BYTES_MAX {
            return Err(DeclarationError::TooMuch { count, bytes });
        }
        let fields = fields(&descriptor.settings, &schema)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            // Linear in time, whatever pattern and value.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| DeclarationError::Schema { reason: error.to_string() })?;
        let declared = Self { schema, fields, validator };
        let defaults = declared.fields.iter().filter_map(|field| Some((field.key.clone(), field.default.clone()?)));
        match declared.misfits(&defaults.collect()).into_iter().find(|misfit| !misfit.missing) {
            Some(misfit) => Err(DeclarationError::Default { key: misfit.key, accepted: misfit.accepted.english }),
            None => Ok(declared),
        }
    }

    /// The settings, in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// One setting.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The JSON schema for people; no default of a secret is in it.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = self.schema.clone();
        for field in self.fields.iter().filter(|field| field.secret) {
            if let Some(property) = schema["properties"][&field.key].as_object_mut() {
                property.remove("default");
            }
        }
        schema
    }

    /// What of `values` does not fit, and what is missing.
    pub(super) fn misfits(&self, values: &Map<String, Value>) -> Vec<Misfit> {
        let instance = Value::Object(values.clone());
        let mut misfits: Vec<Misfit> = Vec::new();
        for misfit in self.validator.iter_errors(&instance).map(|error| self.misfit(&error)) {
            if !misfits.iter().any(|known| (&known.key, &known.path) == (&misfit.key, &misfit.path)) {
                misfits.push(misfit);
            }
        }
        misfits
    }

    /// What a setting accepts.
    pub(super) fn accepted(&self, key: &str) -> Words {
        accepted(&self.schema["properties"][key])
    }

    /// Whether only a text will do, so that digits in an environment variable are one.
    pub(super) fn wants_text(&self, key: &str) -> bool {
        match &self.schema["properties"][key]["type"] {
            Value::String(kind) => kind == "string",
            Value::Array(kinds) => kinds.iter().all(|kind| kind == "string" || kind == "null"),
            _ => false,
        }
    }

    fn misfit(&self, error: &ValidationError<'_>) -> Misfit {
        let place = error.instance_path().as_str().to_owned();
        let mut path = place.split('/').skip(1).map(str::to_owned);
        if let ValidationErrorKind::Required { property } = error.kind() {
            let missing = property.as_str().unwrap_or_default().to_owned();
            let (key, mut path): (_, Vec<String>) = (path.next(), path.collect());
            return match key {
                None => {
                    let accepted = self.accepted(&missing);
                    Misfit { key: missing, path: Vec::new(), missing: true, accepted }
                }
                Some(key) => {
                    path.push(missing);
                    let accepted = self.accepted(&key);
                    Misfit { key, path, missing: false, accepted }
                }
            };
        }
        let key = path.next().unwrap_or_default();
        let path: Vec<String> = path.collect();
        // Deep inside a setting, the schema of that place says more than that of the whole.
        let keyword = error.schema_path().as_str().to_owned();
        let nearest = keyword.rsplit_once('/').and_then(|(above, _)| self.schema.pointer(above));
        let accepted = match nearest {
            Some(nearest) if !path.is_empty() => accepted(nearest),
            _ => self.accepted(&key),
        };
        Misfit { key, path, missing: false, accepted }
    }
}

fn fields(settings: &[Setting], schema: &Value) -> Result<Vec<Field>, DeclarationError> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut fields: Vec<Field> = Vec::with_capacity(settings.len());
    for setting in settings {
        let key = setting.key.clone();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if key.is_empty() || key.len() > KEY_BYTES_MAX || !key.bytes().all(plain) {
            return Err(DeclarationError::Key { key });
        }
        if fields.iter().any(|field| field.key == key) {
            return Err(DeclarationError::Twice { key });
        }
        let Some(property) = properties.and_then(|properties| properties.get(&key)) else {
            let reason = format!("it does not describe setting {key}");
            return Err(DeclarationError::Schema { reason });
        };
        let secret = setting.secret || is_secret_property(property);
        fields.push(Field { key, title: setting.title.clone(), default: property.get("default").cloned(), secret });
    }
    match properties.into_iter().flatten().find(|(key, _)| !fields.iter().any(|field| field.key == **key)) {
        Some((key, _)) => Err(DeclarationError::Schema { reason: format!("the list lacks its setting {key}") }),
        None => Ok(fields),
    }
}
