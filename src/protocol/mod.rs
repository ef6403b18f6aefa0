//! rest-json, by shape: what a caller gives becomes a request, what the service answers becomes a value.
//!
//! The rules are botocore's, its traps included; nothing here knows an operation by name. [`Input`] is a value being read
//! and [`Sink`] a value being built, so the same code serves Python objects and plain Rust values.

pub mod double;
pub mod failure;
mod hint;
pub mod json;
pub mod parse;
pub mod plain;
pub mod serialize;
pub mod timestamp;
pub mod uri;
pub mod validate;
mod values;

pub use values::{Class, Input, Sink};
