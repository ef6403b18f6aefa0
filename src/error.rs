//! One error for the core.
//!
//! An error says which Python class it becomes and with which arguments; `src/py/errors.rs` builds the exception, and
//! the texts are the class's own (botocore's where botocore is importable). One variant carries an exception that
//! Python code raised while we read one of its objects.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug)]
pub enum Error {
    /// The parameters do not fit the model: botocore's report, one problem a line. UTF-8, but for lone surrogates of the
    /// caller's texts, which stand as three bytes each. `notes` say what was probably meant, in the same way.
    Validation { report: Vec<u8>, notes: Vec<Vec<u8>> },
    /// A botocore exception class by name, with its keyword arguments.
    Botocore { class: &'static str, arguments: Vec<(&'static str, String)> },
    /// A builtin Python exception, raised where botocore lets one through.
    Builtin { class: Builtin, message: String },
    /// What a Python object raised when it was read. Shared, since calls that waited for the same thing fail alike.
    #[cfg(feature = "python")]
    Python(std::sync::Arc<pyo3::PyErr>),
}

/// The builtin exceptions that botocore lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    Attribute,
    Key,
    Overflow,
    Runtime,
    Type,
    Value,
}

impl Error {
    /// The botocore exception `class`, made with `arguments`.
    #[must_use]
    pub fn botocore<const N: usize>(class: &'static str, arguments: [(&'static str, String); N]) -> Self {
        Self::Botocore { class, arguments: arguments.into() }
    }

    pub fn value(message: impl Into<String>) -> Self {
        Self::Builtin { class: Builtin::Value, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validation { report, .. } => write!(f, "Parameter validation failed:\n{}", String::from_utf8_lossy(report)),
            Self::Botocore { class, arguments } => {
                write!(f, "{class}(")?;
                for (at, (name, value)) in arguments.iter().enumerate() {
                    write!(f, "{}{name}={value:?}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Builtin { message, .. } => f.write_str(message),
            #[cfg(feature = "python")]
            Self::Python(raised) => write!(f, "{raised}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(feature = "python")]
impl From<pyo3::PyErr> for Error {
    fn from(raised: pyo3::PyErr) -> Self {
        Self::Python(std::sync::Arc::new(raised))
    }
}
