//! The engine's core without a server and without Python: signing, validating and writing a request, reading an answer.
//!
//! Requests and answers are those of `constant_server.py`. Beside each stands what others do with the same bytes: the
//! signer of aws-sigv4, which makes its key each time, and serde_json, which knows no shapes. An answer is read into
//! nothing, which is what the engine itself costs, and into plain values, as serde_json does.
//!
//!     cargo bench --no-default-features --bench core [-- FILTER]
//!
//! `instructions.py` counts instructions of the same works. It asks for their `--names`, and for `--repeat NAME TIMES`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may stop and prints")]

mod values;

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use criterion::Criterion;
use fleetgrass::client::identity::Credentials;
use fleetgrass::client::sign::{Signable, Signer, Stamp, sha256};
use fleetgrass::model::Model;
use fleetgrass::protocol::plain::PlainSink;
use fleetgrass::protocol::serialize::serialize;
use fleetgrass::protocol::validate::Validation;
use fleetgrass::protocol::{Sink, parse};
use serde_json::{Map, Value, json};

use crate::values::{Lent, Nothing};

/// What is done once, by its name.
type Work = (&'static str, Box<dyn FnMut()>);

const GET: (&str, &str, &str) = ("GET", "/greengrass/v2/coreDevices?maxResults=100&nextToken=t0", "");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--names", ..] => works().iter().for_each(|(name, _)| println!("{name}")),
        ["--repeat", name, times, ..] => {
            let (_, mut work) = works().into_iter().find(|(known, _)| *known == name).unwrap();
            for _ in 0..times.parse().unwrap() {
                work();
            }
        }
        _ => {
            let mut criterion = Criterion::default().without_plots().configure_from_args();
            for (name, mut work) in works() {
                criterion.bench_function(name, |bencher| bencher.iter(&mut work));
            }
            criterion.final_summary();
        }
    }
}

fn works() -> Vec<Work> {
    let create = serde_json::to_string(&create()).unwrap().leak();
    let post = ("POST", "/greengrass/v2/deployments", &*create);
    let small = json!({"maxResults": 100, "nextToken": "t0"});
    let page = json!({"coreDevices": (0..100).map(device).collect::<Vec<_>>(), "nextToken": "t0"});
    vec![
        ("sign: a read", signed(GET)),
        ("sign: a read, aws-sigv4", signed_by_crate(GET)),
        ("sign: a create of 9 KB", signed(post)),
        ("sign: a create of 9 KB, aws-sigv4", signed_by_crate(post)),
        ("serialize: a read", serialized("ListCoreDevices", small)),
        ("serialize: a create of 9 KB", serialized("CreateDeployment", self::create())),
        ("serialize: a create of 9 KB, serde_json", serialized_by_serde(self::create())),
        ("parse: a page of 100", parsed("ListCoreDevices", &page, Nothing)),
        ("parse: a page of 100, into values", parsed("ListCoreDevices", &page, PlainSink)),
        ("parse: a page of 100, serde_json", parsed_by_serde(&page)),
        ("parse: a deployment of 59 KB", parsed("GetDeployment", &deployment(), Nothing)),
        ("parse: a deployment of 59 KB, into values", parsed("GetDeployment", &deployment(), PlainSink)),
        ("parse: a deployment of 59 KB, serde_json", parsed_by_serde(&deployment())),
    ]
}

/// Its body's hash is part of the work.
fn signed((method, target, body): (&'static str, &'static str, &'static str)) -> Box<dyn FnMut()> {
    let signer = Signer::new("us-east-1".into(), "greengrass".into(), false);
    let credentials =
        Credentials { access_key: "AKIDEXAMPLE".into(), secret_key: Some("secret".into()), token: None, account_id: None };
    Box::new(move || {
        let stamp = Stamp::at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let headers = [("host", "127.0.0.1:8000"), ("x-amz-date", stamp.text.as_str())];
        let request = Signable { method, target, headers: &headers, payload_hash: &sha256(black_box(body).as_bytes()) };
        black_box(signer.authorization(request, &credentials, &stamp));
    })
}

fn signed_by_crate((method, target, body): (&'static str, &'static str, &'static str)) -> Box<dyn FnMut()> {
    let identity = aws_credential_types::Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench").into();
    let url = format!("http://127.0.0.1:8000{target}");
    Box::new(move || {
        let params = SigningParams::<SigningSettings>::builder()
            .settings(SigningSettings::default())
            .identity(&identity)
            .region("us-east-1")
            .name("greengrass")
            .time(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
            .build()
            .unwrap()
            .into();
        let body = SignableBody::Bytes(black_box(body).as_bytes());
        let request = SignableRequest::new(method, url.as_str(), std::iter::empty(), body).unwrap();
        black_box(sign(request, &params).unwrap());
    })
}

fn serialized(operation: &'static str, parameters: Value) -> Box<dyn FnMut()> {
    let model = Model::greengrassv2();
    let operation = model.operation(operation).unwrap();
    Box::new(move || {
        let token = || "11111111-2222-3333-4444-555555555555".to_owned();
        let parameters = Lent::Value(black_box(&parameters));
        black_box(serialize(model, operation, &parameters, Validation::Standard, token).unwrap());
    })
}

fn serialized_by_serde(parameters: Value) -> Box<dyn FnMut()> {
    Box::new(move || drop(black_box(serde_json::to_vec(black_box(&parameters)).unwrap())))
}

fn parsed(operation: &'static str, answer: &Value, sink: impl Sink + 'static) -> Box<dyn FnMut()> {
    let model = Model::greengrassv2();
    let shape = model.operation(operation).unwrap().output.unwrap();
    let body = serde_json::to_vec(answer).unwrap();
    Box::new(move || {
        let body = std::str::from_utf8(black_box(&body)).unwrap();
        let mut members = sink.map();
        parse::members(model, shape, body, &sink, &mut members).unwrap();
        black_box(members);
    })
}

fn parsed_by_serde(answer: &Value) -> Box<dyn FnMut()> {
    let body = serde_json::to_vec(answer).unwrap();
    Box::new(move || drop(black_box(serde_json::from_slice::<Value>(black_box(&body)).unwrap())))
}

fn device(number: u32) -> Value {
    json!({
        "coreDeviceThingName": format!("device-{number:06}"),
        "status": "HEALTHY",
        "lastStatusUpdateTimestamp": 1_700_000_000.123 + f64::from(number),
        "platform": "linux",
        "architecture": "amd64",
        "runtime": "aws_nucleus_classic",
    })
}

fn components(count: usize) -> Value {
    let merge = r#"{"interval": 30, "endpoint": "https://example.com/ingest", "labels": ["a", "b", "c"]}"#;
    let limits = json!({"memory": 102_400, "cpus": 1.5});
    let component = |number| {
        json!({
            "componentVersion": format!("1.{number}.0"),
            "configurationUpdate": {"merge": merge, "reset": ["/old/setting", "/other"]},
            "runWith": {"posixUser": "ggc_user:ggc_group", "systemResourceLimits": limits},
        })
    };
    (0..count).map(|number| (format!("com.example.component{number:04}"), component(number))).collect::<Map<_, _>>().into()
}

fn create() -> Value {
    let arn = "arn:aws:iot:us-east-1:123456789012:thinggroup/fleet";
    json!({"targetArn": arn, "deploymentName": "fleet", "components": components(26)})
}

fn deployment() -> Value {
    json!({
        "targetArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/fleet",
        "revisionId": "7",
        "deploymentId": "11111111-2222-3333-4444-555555555555",
        "deploymentName": "fleet",
        "deploymentStatus": "ACTIVE",
        "iotJobId": "11111111-2222-3333-4444-555555555555",
        "components": components(182),
        "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
        "creationTimestamp": 1_700_000_000.5,
        "isLatestForTarget": true,
        "tags": {},
    })
}
