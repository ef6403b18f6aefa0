//! The two kinds of core device, which read the same recipes differently.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The Java nucleus.
    #[default]
    Classic,
    /// The nucleus in C, for small Linux devices.
    Lite,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("engine {0:?} is unknown: write \"classic\" or \"lite\"")]
pub struct UnknownEngine(pub String);

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, UnknownEngine> {
        match text {
            "classic" => Ok(Self::Classic),
            "lite" => Ok(Self::Lite),
            other => Err(UnknownEngine(other.into())),
        }
    }
}
