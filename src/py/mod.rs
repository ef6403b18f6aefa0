//! The only room that knows Python: thin wrappers of the rooms below.

pub mod config;
pub mod model;
