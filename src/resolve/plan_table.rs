//! A plan as a table, in Arrow's columns: a row for each device and component.
//!
//! A device that refuses the deployment has its reason in each of its rows, and one row without a component where it
//! has none. Rows are made as they are read, a few thousand devices at a time.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::error::ResolveError;
use super::plan::{Decision, Plan};
use super::version::Version;

/// How many devices a batch has.
const BATCH: usize = 4096;

/// The rows of a plan, from its first device to its last.
#[derive(Debug)]
pub struct Rows {
    plan: Arc<Plan>,
    next: usize,
    schema: SchemaRef,
}

impl Rows {
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        let column = |name: &str, kind: DataType, nullable: bool| Field::new(name, kind, nullable);
        let schema = Schema::new(vec![
            column("device", DataType::Utf8, false),
            column("state", DataType::Int64, false),
            column("component", DataType::Utf8, true),
            column("change", DataType::Utf8, true),
            column("from_version", DataType::Utf8, true),
            column("to_version", DataType::Utf8, true),
            column("root", DataType::Boolean, true),
            column("error", DataType::Utf8, true),
        ]);
        Self { plan, next: 0, schema: Arc::new(schema) }
    }

    fn batch(&self, devices: &[(String, usize)]) -> Result<RecordBatch, ArrowError> {
        let mut columns = Columns::default();
        for (device, state) in devices {
            columns.add(device, *state, &self.plan.decisions[*state]);
        }
        RecordBatch::try_new(self.schema.clone(), columns.finish())
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = &self.plan.devices[self.next..];
        let devices = &left[..left.len().min(BATCH)];
        if devices.is_empty() {
            return None;
        }
        let batch = self.batch(devices);
        self.next += devices.len();
        Some(batch)
    }
}

impl RecordBatchReader for Rows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

#[derive(Default)]
struct Columns {
    device: StringBuilder,
    state: Int64Builder,
    component: StringBuilder,
    change: StringBuilder,
    from: StringBuilder,
    to: StringBuilder,
    root: BooleanBuilder,
    error: StringBuilder,
}

impl Columns {
    fn add(&mut self, device: &str, state: usize, decision: &Decision) {
        let error = decision.outcome.plan.as_ref().err().map(ResolveError::kind);
        let common = |columns: &mut Self| {
            columns.device.append_value(device);
            columns.state.append_value(i64::try_from(state).unwrap_or(i64::MAX));
            columns.error.append_option(error);
        };
        for component in &decision.components {
            common(self);
            self.component.append_value(&component.name);
            self.change.append_value(component.change.as_str());
            self.from.append_option(component.from.as_ref().map(Version::as_str));
            self.to.append_option(component.to.as_ref().map(Version::as_str));
            self.root.append_value(component.is_root);
        }
        if decision.components.is_empty() {
            common(self);
            for column in [&mut self.component, &mut self.change, &mut self.from, &mut self.to] {
                column.append_null();
            }
            self.root.append_null();
        }
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.device.finish()),
            Arc::new(self.state.finish()),
            Arc::new(self.component.finish()),
            Arc::new(self.change.finish()),
            Arc::new(self.from.finish()),
            Arc::new(self.to.finish()),
            Arc::new(self.root.finish()),
            Arc::new(self.error.finish()),
        ]
    }
}
