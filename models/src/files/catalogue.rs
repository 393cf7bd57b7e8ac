//! The models that are known by name.

use gori_core::{Error, ErrorKind, Result};

use super::{Model, builtin};

/// The models that are known by name.
///
/// ```
/// use gori_models::files::Catalogue;
///
/// let catalogue = Catalogue::builtin();
/// assert_eq!(catalogue.find("smollm2")?.name, "smollm2-135m-instruct");
/// # Ok::<(), gori_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    models: Vec<Model>,
}

impl Catalogue {
    /// The models that gori describes itself.
    pub fn builtin() -> Self {
        Self {
            models: builtin::models(),
        }
    }

    /// Adds a model, in front of those that share a name with it.
    ///
    /// # Errors
    /// What [`Model::check`] finds wrong.
    pub fn with(mut self, model: Model) -> Result<Self> {
        model.check()?;
        self.models.insert(0, model);
        Ok(self)
    }

    /// All models.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model that has this name or alias.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] with the names there are.
    pub fn find(&self, name: &str) -> Result<&Model> {
        self.models
            .iter()
            .find(|model| model.is_called(name))
            .ok_or_else(|| {
                let names: Vec<_> = self.models.iter().map(|m| m.name.as_str()).collect();
                Error::new(ErrorKind::NotFound, "no model of this name is known")
                    .about(name)
                    .hint(format!("known are {}", names.join(", ")))
            })
    }
}
