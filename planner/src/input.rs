//! Reading inventories and plans from TOML and JSON, each refusal a diagnosis with its path in the input.

use serde::de::DeserializeOwned;

use crate::check::Diagnosis;
use crate::code::Code;
use crate::inventory::Inventory;
use crate::plan::Plan;

/// Reads an inventory from TOML.
///
/// # Errors
/// The first thing that the types refuse, as a diagnosis.
pub fn inventory_from_toml(text: &str) -> Result<Inventory, Diagnosis> {
    from_toml(text, "the inventory")
}

/// Reads a plan from TOML.
///
/// # Errors
/// The first thing that the types refuse, as a diagnosis.
pub fn plan_from_toml(text: &str) -> Result<Plan, Diagnosis> {
    from_toml(text, "the plan")
}

/// Reads an inventory from JSON.
///
/// # Errors
/// The first thing that the types refuse, as a diagnosis.
pub fn inventory_from_json(text: &str) -> Result<Inventory, Diagnosis> {
    from_json(text, "the inventory")
}

/// Reads a plan from JSON, as a language model writes it.
///
/// # Errors
/// The first thing that the types refuse, as a diagnosis.
pub fn plan_from_json(text: &str) -> Result<Plan, Diagnosis> {
    from_json(text, "the plan")
}

fn from_toml<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Diagnosis> {
    let deserializer =
        toml::Deserializer::parse(text).map_err(|e| syntax(what, "TOML", e.message()))?;
    serde_path_to_error::deserialize(deserializer)
        .map_err(|e| refused(&e.path().to_string(), e.inner().message()))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Diagnosis> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|e| {
        if e.inner().is_data() {
            refused(&e.path().to_string(), &e.inner().to_string())
        } else {
            syntax(what, "JSON", &e.inner().to_string())
        }
    })?;
    deserializer
        .end()
        .map_err(|e| syntax(what, "JSON", &e.to_string()))?;
    Ok(value)
}

fn syntax(what: &str, format: &str, message: &str) -> Diagnosis {
    Diagnosis::new(
        Code::Syntax,
        "",
        format!("{what} is not {format}: {}", message.trim()),
        format!("mend the {format} at the place named"),
    )
}

/// Turns serde's message into a diagnosis. The types put their code in brackets in front of the message; what the
/// input holds is only quoted behind it, so it cannot pretend to be another code.
fn refused(path: &str, message: &str) -> Diagnosis {
    if let Some((code, rest)) = message.strip_prefix('[').and_then(|m| m.split_once("] "))
        && let Ok(code) = code.parse::<Code>()
    {
        return Diagnosis::new(
            code,
            path,
            rest,
            "write a name or value that the rule allows",
        );
    }
    let code = if message.starts_with("unknown field") {
        Code::FieldUnknown
    } else {
        Code::ValueInvalid
    };
    Diagnosis::new(
        code,
        path,
        message,
        "see the type's documentation for the fields and values there are",
    )
}
