//! Moments in the process's local time zone, as boto3 gives them.
//!
//! A zone's offset is asked of Python once for each quarter of an hour: no zone of our time changes within one. The
//! answers are kept for the process and forgotten when `time.tzset` has changed the zone. The locks are held only by
//! threads that are attached to Python and run none of its code meanwhile, so no fork of Python's finds one held.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDelta, PyDeltaAccess, PyTuple, PyTzInfo};

use crate::protocol::timestamp::{Civil, civil};

const QUARTER: i64 = 900;

/// How many quarters are remembered: four months of them.
const REMEMBERED: usize = 12_000;

/// A time zone with what is known of its offsets.
#[derive(Clone)]
pub(super) struct Zone(Arc<Known>);

struct Known {
    zone: Py<PyTzInfo>,
    /// `time.timezone`, `time.altzone` and `time.tzname` when it was made.
    made_for: Py<PyTuple>,
    offsets: Mutex<HashMap<i64, Offset>>,
}

#[derive(Clone, Copy)]
struct Offset {
    seconds: i64,
    fold: bool,
}

impl Zone {
    /// The zone that `time.tzset` has last set.
    pub(super) fn local(py: Python<'_>) -> PyResult<Self> {
        static CURRENT: Mutex<Option<Zone>> = Mutex::new(None);
        let time = py.import("time")?;
        let made_for = PyTuple::new(py, [time.getattr("timezone")?, time.getattr("altzone")?, time.getattr("tzname")?])?;
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(zone) = current
            && zone.0.made_for.bind(py).eq(&made_for)?
        {
            return Ok(zone);
        }
        let zone = py.import("fleetgrass._timestamps")?.call_method0("local_zone")?.cast_into::<PyTzInfo>()?;
        let zone = Self(Arc::new(Known { zone: zone.unbind(), made_for: made_for.unbind(), offsets: Mutex::default() }));
        let former = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).replace(zone.clone());
        drop(former); // which may run Python code, so not under the lock
        Ok(zone)
    }

    /// `micros` since 1970, as an aware datetime of this zone.
    pub(super) fn datetime<'py>(&self, py: Python<'py>, micros: i64) -> PyResult<Bound<'py, PyAny>> {
        let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let offset = self.offset(py, seconds.div_euclid(QUARTER))?;
        let Civil { year, month, day, hour, minute, second } = civil(seconds + offset.seconds);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "less than a million")]
        let micros = micros as u32;
        let zone = Some(self.0.zone.bind(py));
        let moment = PyDateTime::new_with_fold(py, year, month, day, hour, minute, second, micros, zone, offset.fold)?;
        Ok(moment.into_any())
    }

    fn offset(&self, py: Python<'_>, quarter: i64) -> PyResult<Offset> {
        let known = self.0.offsets.lock().unwrap_or_else(PoisonError::into_inner).get(&quarter).copied();
        if let Some(offset) = known {
            return Ok(offset);
        }
        let datetime = py.import("datetime")?.getattr("datetime")?;
        let start = datetime.call_method1("fromtimestamp", (quarter * QUARTER, &self.0.zone))?;
        let delta = start.call_method0("utcoffset")?.cast_into::<PyDelta>()?;
        let seconds = i64::from(delta.get_days()) * 86_400 + i64::from(delta.get_seconds());
        let offset = Offset { seconds, fold: start.getattr("fold")?.extract::<u8>()? == 1 };
        let mut offsets = self.0.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        if offsets.len() >= REMEMBERED {
            offsets.clear();
        }
        offsets.insert(quarter, offset);
        Ok(offset)
    }
}
