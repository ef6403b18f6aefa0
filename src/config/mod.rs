//! What a client is configured from: the shared config and credentials files, and a core device's own configuration.

pub mod core_device;
pub mod ini;
pub mod profile;
