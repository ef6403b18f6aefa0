//! Artifacts: the files that recipes name, and what is in them.
//!
//! An artifact has a place: its URI, or for a `greengrass:` URI, whose files belong to one component version, the
//! version's ARN and the file's name. What is in it was put there, or else is the text of its place; either way the
//! digests of recipes are those of the bytes.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::OptionalExtension;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::components;
use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::store::State;
use crate::model::Operation;
use crate::resolve::recipe::{Artifact, Recipe};

/// The scheme of files that the service keeps itself: those of public components and of Lambda functions.
const SCHEME: &str = "greengrass:";

/// A URL of a file that the service keeps; others are where their owner put them.
pub fn get_url(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let (arn, name) = (input.required("arn")?, input.required("artifactName")?);
    let recipe = components::recipe_of(state, arn)?;
    let uri = format!("{SCHEME}{name}");
    if !artifacts(&recipe).any(|artifact| artifact.uri == uri) {
        let message = format!("Artifact ({name}) of component ({}:{}) does not exist", recipe.name, recipe.version);
        return Err(ServiceError::not_found(message, name, "artifact"));
    }
    Ok(json!({ "preSignedUrl": state.bucket.presign(&place(arn, &uri), state.now) }))
}

/// Where the artifact `uri` of the component version `arn` is.
pub fn place(arn: &str, uri: &str) -> String {
    match uri.strip_prefix(SCHEME) {
        Some(name) => format!("{arn}/{}", name.rsplit('/').next().unwrap_or_default()),
        None => uri.into(),
    }
}

/// The URI of a public component's file: its name begins with the digest of what is in it.
pub fn public_uri(arn: &str, file: &str) -> String {
    format!("{SCHEME}{}/{file}", digest(&made(&format!("{arn}/{file}"))))
}

/// The digests of a recipe's artifacts by their URIs. Images have theirs in the registry.
pub fn digests(state: &State, arn: &str, recipe: &Recipe) -> Result<HashMap<String, String>> {
    let files = artifacts(recipe).filter(|artifact| !artifact.uri.starts_with("docker:"));
    files.map(|artifact| Ok((artifact.uri.clone(), digest(&content(state, &place(arn, &artifact.uri))?)))).collect()
}

fn digest(content: &[u8]) -> String {
    BASE64.encode(Sha256::digest(content))
}

/// What is at `place`.
pub fn content(state: &State, place: &str) -> Result<Vec<u8>> {
    Ok(put_there(state, place)?.unwrap_or_else(|| made(place)))
}

fn made(place: &str) -> Vec<u8> {
    place.into()
}

fn put_there(state: &State, place: &str) -> Result<Option<Vec<u8>>> {
    let mut query = state.db.prepare_cached("SELECT content FROM artifact WHERE place = ?1")?;
    Ok(query.query_row([place], |row| row.get(0)).optional()?)
}

pub fn put(state: &State, place: &str, content: &[u8]) -> Result<()> {
    state.db.prepare_cached("INSERT OR REPLACE INTO artifact (place, content) VALUES (?1, ?2)")?.execute((place, content))?;
    Ok(())
}

/// The service looks at what a recipe has in S3, where the emulator is told to.
pub fn must_be_readable(state: &State, recipe: &Recipe) -> Result<()> {
    if !state.rules.validate_artifacts {
        return Ok(());
    }
    let mut missing = Vec::new();
    for artifact in artifacts(recipe).filter(|artifact| artifact.uri.starts_with("s3://")) {
        if put_there(state, &artifact.uri)?.is_none() {
            missing.push(format!("{} = Specified artifact resource cannot be accessed", artifact.uri));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Invalid Input: Encountered following errors in Artifacts: {{{}}}", missing.join(", "));
    Err(ServiceError::validation(Reason::Other, message))
}

fn artifacts(recipe: &Recipe) -> impl Iterator<Item = &Artifact> {
    recipe.manifests.iter().flat_map(|manifest| &manifest.artifacts)
}
