//! What a plugin brings for the console.

use super::ManifestError;
use super::fields::Fields;
use serde::{Deserialize, Serialize};

/// Where everything for browsers stands in a bundle.
const FOLDER: &str = "ui/";
const CHARACTERS_MAX: usize = 100;

/// What a plugin brings for the console, from `[ui]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ui {
    /// The ES module with its pages, by its name in the bundle: `ui/hello.js`.
    pub module: String,
}

/// The section `[ui]`.
pub(super) fn read(mut section: Fields) -> Result<Ui, ManifestError> {
    let module = section.text("module", CHARACTERS_MAX)?;
    let is_module = module.starts_with(FOLDER) && (module.ends_with(".js") || module.ends_with(".mjs"));
    if !is_module {
        return Err(section.invalid("module", &module, "a JavaScript file of the bundle such as \"ui/page.js\""));
    }
    section.finish()?;
    Ok(Ui { module })
}
