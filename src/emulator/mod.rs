//! A local Greengrass V2: one account and Region of the service on a port of this machine, and of AWS IoT what goes with
//! it: things, thing groups and jobs.
//!
//! [`Emulator`] owns the server's thread; [`Cloud`] is the state behind it, which is also where devices come from;
//! [`options`] tell how both start.
//! A request goes down this list: [`server`] its connection, [`gateway`] its way, [`routes`] which operation, [`auth`] who
//! asks (or [`device_door`], where a certificate tells) and may ([`permissions`]), [`input`] its parameters and [`check`] the model's constraints,
//! [`replies`] client tokens, then one of the files that are named for a resource, and back through [`output`].
//! [`throttle`] and [`faults`] come in between where they are asked for; what takes time stands in the [`agenda`] and
//! happens by the [`clock`]. How the service behaves, and what of that is assumed, is told in `docs/emulator.md`.

mod agenda;
mod arn;
mod artifacts;
mod auth;
mod bucket;
mod byte_range;
mod candidates;
mod catalogue;
mod check;
mod client_devices;
mod clock;
mod cloud;
mod components;
mod connectivity;
mod core_devices;
mod deployments;
mod device_door;
mod devices;
mod error;
mod failures;
mod faults;
pub mod gateway;
mod injury;
mod input;
mod job_configuration;
mod jobs;
mod lambda;
mod lock;
mod options;
mod output;
mod page;
mod past;
mod permissions;
mod replies;
mod request_log;
mod rollout;
mod routes;
mod running;
mod semver;
pub mod server;
mod service_role;
mod signature;
mod store;
mod tags;
mod thing_groups;
mod things;
mod throttle;

pub use auth::AccessKey;
pub use cloud::{Cloud, ControlError};
pub use core_devices::Registration;
pub use device_door::DeviceCertificate;
pub use devices::CLASSIC;
pub use error::ServiceError;
pub use failures::{Breakage, Failure};
pub use faults::{Effect, Fault};
pub use injury::Injury;
pub use options::{Options, Rules, StartError};
pub use output::Style;
pub use request_log::Level;
pub use running::Emulator;
pub use store::StoreError;

use crate::model::Operation;

/// The operations of all services here.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    routes::models().into_iter().flat_map(|model| &model.operations)
}
