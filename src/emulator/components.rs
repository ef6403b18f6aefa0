//! Components: published from recipes, told back as the service does, deleted version by version.
//!
//! A version is REQUESTED, then INITIATED, and can be deployed once it is DEPLOYABLE; how long that takes is an option.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value, json};

use super::agenda::{self, Event};
use super::arn::{PUBLIC, Resource};
use super::error::{Reason, Result, ServiceError};
use super::failures::Failures;
use super::input::Input;
use super::page::Page;
use super::semver::is_semantic;
use super::store::{Millis, State};
use super::{artifacts, lambda, tags};
use crate::model::Operation;
use crate::resolve::recipe::{self, Digest, Recipe, RecipeError, SIZE_LIMIT};
use crate::resolve::version::Version;

const REQUESTED: &str = "REQUESTED";
const INITIATED: &str = "INITIATED";
pub const DEPLOYABLE: &str = "DEPLOYABLE";
const FAILED: &str = "FAILED";
/// How many components an account may have, and how many versions each, with the codes of the quotas.
const COMPONENT_LIMIT: (i64, &str) = (5000, "L-4676BC3D");
const VERSION_LIMIT: (i64, &str) = (5000, "L-FC3754BD");

/// One published version.
struct Published {
    namespace: String,
    name: String,
    version: String,
    created: Millis,
    state: String,
    errors: String,
    description: Option<String>,
    publisher: Option<String>,
    platforms: String,
}

pub fn create(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let bytes = match (input.text("inlineRecipe"), input.get("lambdaFunction")) {
        (Some(text), None) => BASE64.decode(text).map_err(|error| ServiceError::internal(&error.to_string()))?,
        (None, Some(function)) => lambda::recipe(state, function)?.to_string().into_bytes(),
        _ => {
            let message = "Exactly one of inlineRecipe or lambdaFunction must be specified";
            return Err(ServiceError::member("inlineRecipe", message, "Must be specified when lambdaFunction is absent"));
        }
    };
    if bytes.len() > SIZE_LIMIT {
        let message = format!("Invalid Input: The recipe has {} bytes; the limit is {SIZE_LIMIT}", bytes.len());
        return Err(ServiceError::validation(Reason::Other, message));
    }
    let recipe = recipe::read(&bytes).map_err(|error| refusal(state, &error))?;
    check_version(recipe.version.as_str())?;
    let (namespace, version) = (&state.names.account, recipe.version.as_str());
    let arn = state.names.component_version(namespace, &recipe.name, version);
    if let Some(earlier) = find(state, namespace, &recipe.name, version)? {
        let already = format!("Component [{} : {version}] for account [{namespace}] already exists", recipe.name);
        let message = if input.get("tags").is_some() {
            format!("{already} and can't be created again with tags.")
        } else {
            format!("{already} with state: [{}]", earlier.state)
        };
        return Err(ServiceError::conflict(message, &arn, "component"));
    }
    check_quotas(state, &recipe.name)?;
    artifacts::must_be_readable(state, &recipe)?;
    publish(state.db, state.now, namespace, &recipe, &bytes, REQUESTED)?;
    let (name, version) = (recipe.name.clone(), String::from(version));
    agenda::schedule(state, state.timings.component[0], &Event::Component { name, version, created: state.now })?;
    tags::put(state, &arn, input)?;
    Ok(json!({
        "arn": arn, "componentName": recipe.name, "componentVersion": recipe.version.as_str(),
        "creationTimestamp": state.now, "status": status(REQUESTED, &json!({})),
    }))
}

/// What the service says to a text that is no recipe: it hides behind a denial what it cannot parse.
fn refusal(state: &State, error: &RecipeError) -> ServiceError {
    if error.problems.iter().any(|problem| problem.path.is_empty()) {
        return ServiceError::hidden(state);
    }
    let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    wrong_recipe(&problems.join(", "))
}

fn wrong_recipe(problems: &str) -> ServiceError {
    let message = format!("Invalid Input: Encountered following errors in Recipe: {{{problems}}}");
    ServiceError::validation(Reason::Other, message)
}

/// Devices would read more than semantic versions.
fn check_version(version: &str) -> Result<()> {
    if is_semantic(version) {
        return Ok(());
    }
    let problem = "is not a semantic version; give major.minor.patch without leading zeros, such as \"1.0.0\"";
    Err(wrong_recipe(&format!("ComponentVersion: {version:?} {problem}")))
}

/// The version of the account's component that was created at the time `created` goes on to its next state.
pub fn proceed(state: &State, name: &str, version: &str, created: Millis) -> Result<()> {
    let account = &*state.names.account;
    let Some(found) = find(state, account, name, version)?.filter(|found| found.created == created) else { return Ok(()) };
    let failures = Failures::load(state)?;
    let (next, errors) = match (&*found.state, failures.of_publication(name, version)) {
        (REQUESTED, _) => (INITIATED, Value::from(Map::new())),
        (_, Some(errors)) => (FAILED, errors.clone().into()),
        (_, None) => (DEPLOYABLE, Value::from(Map::new())),
    };
    state
        .db
        .prepare_cached(
            "UPDATE component_version SET state = ?4, errors = ?5 WHERE namespace = ?1 AND name = ?2 AND version = ?3",
        )?
        .execute((account, name, version, next, errors.to_string()))?;
    if next == INITIATED {
        let event = Event::Component { name: name.into(), version: version.into(), created };
        agenda::schedule(state, state.timings.component[1], &event)?;
    }
    Ok(())
}

fn check_quotas(state: &State, name: &str) -> Result<()> {
    let account = &*state.names.account;
    let count = |query: &str, name: &str| -> Result<i64> {
        Ok(state.db.prepare_cached(query)?.query_row((account, name), |row| row.get(0))?)
    };
    let versions = count("SELECT count(*) FROM component_version WHERE namespace = ?1 AND name = ?2", name)?;
    if versions >= VERSION_LIMIT.0 {
        return Err(ServiceError::quota("Maximum number of component versions reached", VERSION_LIMIT.1, name));
    }
    let others = "SELECT count(DISTINCT name) FROM component_version WHERE namespace = ?1 AND name <> ?2";
    if versions == 0 && count(others, name)? >= COMPONENT_LIMIT.0 {
        return Err(ServiceError::quota("Maximum number of components reached", COMPONENT_LIMIT.1, name));
    }
    Ok(())
}

/// Makes `recipe`, which was written as `bytes`, a component of `namespace`.
pub fn publish(
    db: &Connection,
    now: Millis,
    namespace: &str,
    recipe: &Recipe,
    bytes: &[u8],
    component_state: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO component_version (namespace, name, version, created, state, description, publisher, platforms, recipe)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((
        namespace,
        &recipe.name,
        recipe.version.as_str(),
        now,
        component_state,
        &recipe.description,
        &recipe.publisher,
        Value::from(recipe.platforms()).to_string(),
        bytes,
    ))?;
    Ok(())
}

pub fn describe(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("arn")?;
    let found = named(state, arn)?;
    let mut answer = found.told(state)?;
    answer["componentName"] = found.name.into();
    answer["status"] = status(&found.state, &serde_json::from_str(&found.errors)?);
    answer["tags"] = tags::of(state, arn)?.into();
    Ok(answer)
}

pub fn get(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("arn")?;
    let recipe = recipe_of(state, arn)?;
    let printed = rewritten(state, arn, &recipe)?;
    let format = input.text("recipeOutputFormat").unwrap_or("JSON");
    let text = if format == "YAML" { recipe::to_yaml(&printed) } else { printed.to_string() };
    Ok(json!({ "recipeOutputFormat": format, "recipe": BASE64.encode(text), "tags": tags::of(state, arn)? }))
}

/// The recipe of the version that `arn` names.
pub fn recipe_of(state: &State, arn: &str) -> Result<Recipe> {
    let found = named(state, arn)?;
    read_recipe(state, &found.namespace, &found.name, &found.version)?
        .ok_or_else(|| does_not_exist(&found.namespace, &found.name, &found.version, arn))
}

/// A recipe as the service tells it.
pub fn rewritten(state: &State, arn: &str, recipe: &Recipe) -> Result<Value> {
    let digests = artifacts::digests(state, arn, recipe)?;
    Ok(recipe.to_json(|artifact| digests.get(&artifact.uri).cloned().map(Digest::sha_256)))
}

/// The ARN of a recipe of [`read_recipes`].
pub fn arn_of(state: &State, recipe: &Recipe) -> Result<String> {
    let (name, version) = (&*recipe.name, recipe.version.as_str());
    let is_own = find(state, &state.names.account, name, version)?.is_some();
    Ok(state.names.component_version(if is_own { &state.names.account } else { PUBLIC }, name, version))
}

pub fn delete(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("arn")?;
    let found = named(state, arn)?;
    if found.namespace == PUBLIC {
        return Err(ServiceError::not_authorized(state.caller, &operation.name, arn));
    }
    if found.state == REQUESTED {
        let message = format!("Component [{} : {}] is in state {REQUESTED} and can't be deleted.", found.name, found.version);
        return Err(ServiceError::conflict(message, arn, "component"));
    }
    state.db.prepare_cached("DELETE FROM component_version WHERE namespace = ?1 AND name = ?2 AND version = ?3")?.execute((
        &found.namespace,
        &found.name,
        &found.version,
    ))?;
    tags::remove_all(state, arn)?;
    Ok(Value::Null)
}

pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let namespace = if input.text("scope") == Some("PUBLIC") { PUBLIC } else { &state.names.account };
    let mut names = state.db.prepare_cached(
        "SELECT DISTINCT name FROM component_version WHERE namespace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
    )?;
    let names = names.query_map((namespace, page.after.as_deref().unwrap_or_default(), page.limit()), |row| row.get(0))?;
    let mut rows = Vec::new();
    for name in names {
        let name: String = name?;
        let Some((_, latest)) = versions(state, namespace, &name)?.into_iter().next() else { continue };
        let row = json!({
            "arn": state.names.component(namespace, &name), "componentName": name, "latestVersion": latest.told(state)?,
        });
        rows.push((name, row));
    }
    Ok(page.answer(rows))
}

pub fn list_versions(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let after = page.after.as_deref().and_then(|version| Version::parse(version).ok());
    let mut rows = Vec::new();
    if let Some(Resource::Component { namespace, name, version: None }) = state.names.resource(input.required("arn")?) {
        let rest = versions(state, namespace, name)?;
        let rest =
            rest.into_iter().filter(|(version, _)| after.as_ref().is_none_or(|after| greatest_first(after, version).is_lt()));
        rows.extend(rest.take(page.size + 1).map(|(version, found)| {
            let arn = state.names.component_version(namespace, name, &found.version);
            let row = json!({ "componentName": found.name, "componentVersion": found.version, "arn": arn });
            (version.to_string(), row)
        }));
    }
    Ok(page.answer(rows))
}

/// The recipe of a version, if it is published.
pub fn read_recipe(state: &State, namespace: &str, name: &str, version: &str) -> Result<Option<Recipe>> {
    let bytes: Option<Vec<u8>> = state
        .db
        .prepare_cached("SELECT recipe FROM component_version WHERE namespace = ?1 AND name = ?2 AND version = ?3")?
        .query_row((namespace, name, version), |row| row.get(0))
        .optional()?;
    bytes.map(|bytes| recipe::read(&bytes).map_err(|error| ServiceError::internal(&error.to_string()))).transpose()
}

/// Every recipe of a component that can be deployed: the account's, which hide the public ones, whose names they may have.
pub fn read_recipes(state: &State, name: &str) -> Result<Vec<Recipe>> {
    for namespace in [&*state.names.account, PUBLIC] {
        let mut found = versions(state, namespace, name)?;
        found.retain(|(_, found)| found.state == DEPLOYABLE);
        if !found.is_empty() {
            let recipes = found.iter().map(|(_, found)| read_recipe(state, namespace, name, &found.version));
            return Ok(recipes.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect());
        }
    }
    Ok(Vec::new())
}

/// Whether a deployment may name the version, whosever it is.
pub fn must_be_deployable(state: &State, name: &str, version: &str) -> Result<()> {
    let account = &*state.names.account;
    for namespace in [account, PUBLIC] {
        match find(state, namespace, name, version)? {
            Some(found) if found.state == DEPLOYABLE => return Ok(()),
            Some(found) => {
                let message = format!("Component ({name}:{version}) is in state {} and can't be deployed.", found.state);
                return Err(ServiceError::validation(Reason::Other, message));
            }
            None => {}
        }
    }
    let is_public = !versions(state, PUBLIC, name)?.is_empty();
    let namespace = if is_public { PUBLIC } else { account };
    Err(does_not_exist(namespace, name, version, &state.names.component_version(namespace, name, version)))
}

pub fn must_exist(state: &State, arn: &str, namespace: &str, name: &str, version: &str) -> Result<()> {
    find(state, namespace, name, version)?.map(|_| ()).ok_or_else(|| does_not_exist(namespace, name, version, arn))
}

/// The version that `arn` names.
fn named(state: &State, arn: &str) -> Result<Published> {
    // The model's pattern has made sure that the ARN names a version.
    let mut fields = arn.rsplit(':');
    let (version, name) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
    let namespace = fields.nth(1).unwrap_or_default();
    let found = match state.names.resource(arn) {
        Some(Resource::Component { namespace, name, version: Some(version) }) => find(state, namespace, name, version)?,
        _ => None,
    };
    found.ok_or_else(|| does_not_exist(namespace, name, version, arn))
}

fn does_not_exist(namespace: &str, name: &str, version: &str, arn: &str) -> ServiceError {
    let whose = if namespace == PUBLIC { "Public" } else { "Private" };
    ServiceError::not_found(format!("{whose} component ({name}:{version}) does not exist"), arn, "component")
}

const COLUMNS: &str = "namespace, name, version, created, state, errors, description, publisher, platforms";

fn find(state: &State, namespace: &str, name: &str, version: &str) -> Result<Option<Published>> {
    let query = format!("SELECT {COLUMNS} FROM component_version WHERE namespace = ?1 AND name = ?2 AND version = ?3");
    Ok(state.db.prepare_cached(&query)?.query_row((namespace, name, version), Published::read).optional()?)
}

/// All versions of a component, the greatest first.
fn versions(state: &State, namespace: &str, name: &str) -> Result<Vec<(Version, Published)>> {
    let query = format!("SELECT {COLUMNS} FROM component_version WHERE namespace = ?1 AND name = ?2");
    let mut query = state.db.prepare_cached(&query)?;
    let mut found = Vec::new();
    for published in query.query_map((namespace, name), Published::read)? {
        let published = published?;
        let version = Version::parse(&published.version).map_err(|error| ServiceError::internal(&error.to_string()))?;
        found.push((version, published));
    }
    found.sort_by(|(a, _), (b, _)| greatest_first(a, b));
    Ok(found)
}

/// A total order: versions that differ in spelling only have their texts compared.
fn greatest_first(a: &Version, b: &Version) -> std::cmp::Ordering {
    b.compare(a).then_with(|| b.as_str().cmp(a.as_str()))
}

impl Published {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            namespace: row.get(0)?,
            name: row.get(1)?,
            version: row.get(2)?,
            created: row.get(3)?,
            state: row.get(4)?,
            errors: row.get(5)?,
            description: row.get(6)?,
            publisher: row.get(7)?,
            platforms: row.get(8)?,
        })
    }

    /// What lists and descriptions have in common.
    fn told(&self, state: &State) -> Result<Value> {
        Ok(json!({
            "arn": state.names.component_version(&self.namespace, &self.name, &self.version),
            "componentVersion": self.version,
            "creationTimestamp": self.created,
            "description": self.description,
            "publisher": self.publisher,
            "platforms": serde_json::from_str::<Value>(&self.platforms)?,
        }))
    }
}

/// `errors` are texts by artifact; a version that has none has nothing to say.
fn status(component_state: &str, errors: &Value) -> Value {
    let message = errors.as_object().and_then(|errors| errors.values().next()).cloned().unwrap_or_else(|| "NONE".into());
    json!({
        "componentState": component_state, "message": message, "errors": errors,
        "vendorGuidance": "ACTIVE", "vendorGuidanceMessage": "NONE",
    })
}
