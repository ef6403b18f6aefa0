//! What a client is configured from: the shared config and credentials files.

pub mod ini;
pub mod profile;
