//! One call's life: endpoint, signature, transport, retry.

pub mod endpoint;
