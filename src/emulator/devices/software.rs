//! What devices run: lists of components, each list kept once for all devices that run the same.
//!
//! A list never changes; a device that runs something else points to another one. So a hundred thousand devices that
//! took the same deployment at the same time cost one list.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{CLASSIC, LITE, nucleus_of};
use crate::emulator::error::Result;
use crate::emulator::failures::{self, BROKEN, Breakage, Failure};
use crate::emulator::store::{Millis, State};

/// A component on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub version: String,
    /// As long as nothing is wrong with it.
    state: String,
    pub root: bool,
    /// When its state changed last.
    pub changed: Millis,
    /// A deployment's id, or LOCAL.
    pub source: String,
    pub fault: Option<Breakage>,
    #[serde(default)]
    pub configuration: Map<String, Value>,
    /// When a deployment set that last.
    #[serde(default)]
    pub configured: Millis,
    /// Whether its recipe says that it is one; see [`Component::is_nucleus`].
    #[serde(default)]
    pub nucleus: bool,
}

/// The source of what no deployment brought.
const LOCAL: &str = "LOCAL";

impl Component {
    pub fn new(name: &str, version: &str, state: &str, changed: Millis) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            state: state.into(),
            root: false,
            changed,
            source: LOCAL.into(),
            fault: None,
            configuration: Map::new(),
            configured: 0,
            nucleus: false,
        }
    }

    pub fn state(&self) -> &str {
        self.fault.as_ref().map_or(&self.state, |fault| &fault.state)
    }

    /// Whether it is what runs the others: a nucleus of the usual name, which devices come with, or one that took its place.
    pub fn is_nucleus(&self) -> bool {
        self.nucleus || [CLASSIC, LITE].map(nucleus_of).contains(&&*self.name)
    }

    pub fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.version == other.version
    }
}

/// What a nucleus brings along is itself.
pub fn initial(nucleus: &str, version: &str, now: Millis) -> Vec<Component> {
    vec![Component::new(nucleus, version, "FINISHED", now)]
}

/// Makes `components` what they are under `failures`.
pub fn mark(components: &mut [Component], failures: &[&Failure], now: Millis) {
    for component in components {
        let fault = failures::fault(failures, &component.name, &component.version).cloned();
        if component.fault != fault {
            component.fault = fault;
            component.changed = now;
        }
    }
}

/// What a device that runs `components` says of its health.
pub fn health(components: &[Component]) -> &'static str {
    if components.iter().any(|component| component.state() == BROKEN) { "UNHEALTHY" } else { "HEALTHY" }
}

pub fn read(state: &State, id: i64) -> Result<Vec<Component>> {
    let mut query = state.db.prepare_cached("SELECT components FROM software WHERE id = ?1")?;
    let components: String = query.query_row([id], |row| row.get(0))?;
    Ok(serde_json::from_str(&components)?)
}

/// The number of the list, which is kept from now on.
pub fn keep(state: &State, components: &[Component]) -> Result<i64> {
    let text = serde_json::to_string(components)?;
    let digest = Sha256::digest(&text).to_vec();
    state
        .db
        .prepare_cached("INSERT INTO software (digest, components) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING")?
        .execute((&digest, text))?;
    let mut query = state.db.prepare_cached("SELECT id FROM software WHERE digest = ?1")?;
    Ok(query.query_row([digest], |row| row.get(0))?)
}

/// Forgets the list if no device runs it any more.
pub fn release(state: &State, id: i64) -> Result<()> {
    let query = "DELETE FROM software WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM core_device WHERE software = ?1)";
    state.db.prepare_cached(query)?.execute([id])?;
    Ok(())
}
