//! What the local cloud costs with a fleet of 100,000 core devices that have 20 components each: their registration, which
//! is one call, the file that they fill, and then gets and pages of 100 of them, signatures checked, while they report.
//!
//! Gets and pages stand beside constant bodies from the same server, over the same connections, in turn with them. There
//! are two: as long as the answer, to a request whose signature is checked as that of the answer is, which is what all
//! costs here but the cloud itself; and a small one that is given to anybody, which is what HTTP alone costs. Both ratios
//! are printed.
//!
//! The server is this program again, as a child. Its thread tells the CPU time it has used, so a rate "a core" is
//! requests by seconds of CPU of that thread, parsing and socket calls included; the wall clock stands beside it. The
//! load replays requests that were signed beforehand, over a few connections that take turns; each asks for another
//! device or page of the fleet, so no answer comes twice in a row. It polls its connections and never sleeps, so that the
//! server does not pay for waking it, which it would the more often the slower it answers.
//!
//!     cargo bench --no-default-features --features emulator --bench emulator

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may stop and prints")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use fleetgrass::client::identity::Credentials;
use fleetgrass::client::sign::{Signable, Signer, Stamp, sha256};
use fleetgrass::emulator::gateway::{self, Body};
use fleetgrass::emulator::server::{self, Arrival};
use fleetgrass::emulator::{AccessKey, CLASSIC, Cloud, Options, Registration};
use http::Response;
use http_body_util::{BodyExt, Either, Full};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

const FLEET: usize = 100_000;
const COMPONENTS: usize = 20;
const GROUP: &str = "all";
const PAGE: usize = 100;
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 21;
/// Of each kind, a round.
const REQUESTS: usize = 800;
/// One batch of reports, and the time between two.
const REPORTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);
/// Of the project: seconds and bytes at most for the fleet; answers a core and second at least; and how many times a
/// constant body at most.
const REGISTRATION: f64 = 60.0;
const FILE: u64 = 1_000_000_000;
const FLOORS: [(&str, f64); 2] = [("get", 5_000.0), ("page of 100", 1_000.0)];
const FACTOR: f64 = 4.0;

/// The child is told so, and where to keep its file.
const SERVE: &str = "--serve";

/// Gives as many bytes as its label says, unsigned or signed.
const ANYBODY: &str = "/constant/";
const SIGNED: &str = "/signed/";
/// Registers the fleet, tells how many seconds that took and how many bytes the store has then, and lets devices report.
const REGISTER: &str = "/register";
const CPU: &str = "/cpu";
const SMALL: usize = 208;

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != SERVE).skip(1);
    if let Some(folder) = arguments.next() {
        return serve(Path::new(&folder));
    }
    let folder = std::env::temp_dir().join(format!("fleetgrass-bench-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([SERVE.as_ref(), folder.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let address: SocketAddr = lines.next().unwrap().unwrap().parse().unwrap();
    let mut load = Load::new(address);
    load.deploy();
    let registered = load.one(&request("GET", REGISTER, "", b""));
    let (seconds, bytes): (f64, u64) = serde_json::from_slice(&registered).unwrap();
    assert_eq!(load.installed(FLEET / 2), COMPONENTS);

    // strides through the fleet, so that neighbours of a request are elsewhere
    let get = |at| format!("/greengrass/v2/coreDevices/{}", name(at * 7_919 % FLEET));
    let gets: Vec<_> = (0..FLEET).map(|at| load.signed("GET", &get(at), b"")).collect();
    let tokens = load.tokens();
    let pages: Vec<_> = (0..tokens.len()).map(|at| load.signed("GET", &tokens[at * 37 % tokens.len()], b"")).collect();
    let constant = |load: &mut Load, model: &[u8]| {
        let size = load.one(model).len();
        vec![load.signed("GET", &format!("{SIGNED}{size}"), b"")]
    };
    let kinds = [
        ("constant", vec![request("GET", &format!("{ANYBODY}{SMALL}"), "", b"")]),
        ("signed constant", constant(&mut load, &gets[0])),
        (FLOORS[0].0, gets),
        ("signed constant", constant(&mut load, &pages[0])),
        (FLOORS[1].0, pages),
    ];
    let mut figures = vec![(Vec::new(), Vec::new(), 0); kinds.len()];
    for round in 0..ROUNDS {
        for ((_, requests), (cpu, wall, size)) in kinds.iter().zip(&mut figures) {
            let turn = (0..REQUESTS).map(|at| &requests[(round * REQUESTS + at) % requests.len()]);
            let (used, started) = (load.cpu(), Instant::now());
            *size = load.replay(turn);
            wall.push(started.elapsed().as_secs_f64() / per_round());
            cpu.push(load.cpu().saturating_sub(used).as_secs_f64() / per_round());
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    report((seconds, bytes), &kinds.map(|(name, _)| name), &mut figures);
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn per_round() -> f64 {
    REQUESTS as f64
}

/// Seconds of CPU and of the clock, one a round, and the bytes of an answer.
type Figures = (Vec<f64>, Vec<f64>, usize);

fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "MISSED" }
}

fn report((seconds, bytes): (f64, u64), names: &[&str], figures: &mut [Figures]) {
    println!("{}", machine());
    println!("fleetgrass {}, SQLite {}, a store in a file", env!("CARGO_PKG_VERSION"), rusqlite::version());
    println!(
        "{FLEET} devices with {COMPONENTS} components each registered by one call in {seconds:.1} s (at most {REGISTRATION}: {}), \
         {} MB of file (at most {}: {})",
        verdict(seconds <= REGISTRATION),
        bytes / 1_000_000,
        FILE / 1_000_000,
        verdict(bytes <= FILE)
    );
    println!("of which {REPORTS} report every {} ms from then on\n", PAUSE.as_millis());
    println!(
        "replayed: signed requests of distinct devices and pages, {CONNECTIONS} connections, signatures checked;\n\
         medians of {ROUNDS} rounds of {REQUESTS} requests, kinds in turn\n"
    );
    println!(
        "{:16} {:>8} {:>10} {:>14} {:>14} {:>11} {:>9}",
        "", "bytes", "CPU µs", "a core and s", "by the clock", "× constant", "× signed"
    );
    let costs: Vec<Vec<f64>> = figures.iter().map(|(cpu, _, _)| cpu.clone()).collect();
    for (at, (name, (cpu, wall, size))) in names.iter().zip(figures).enumerate() {
        let beside = |other: &[f64]| median(&cpu.iter().zip(other).map(|(cpu, other)| cpu / other).collect::<Vec<_>>());
        let (anybody, signed) = (beside(&costs[0]), beside(&costs[at.saturating_sub(1)]));
        let (cpu, wall) = (median(cpu), median(wall));
        print!("{name:16} {size:8} {:10.1} {:14.0} {:14.0} {anybody:11.2}", cpu * 1e6, 1.0 / cpu, 1.0 / wall);
        match FLOORS.iter().find(|(kind, _)| kind == name) {
            None => println!(),
            Some((_, floor)) => {
                println!(" {signed:9.2}");
                let (rate, plain, checked) = (1.0 / cpu >= *floor, anybody <= FACTOR, signed <= FACTOR);
                println!(
                    "{:16} {floor:.0}/s: {}; {FACTOR} × constant: {}; {FACTOR} × signed constant: {}",
                    "",
                    verdict(rate),
                    verdict(plain),
                    verdict(checked)
                );
            }
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown CPU", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

fn name(number: usize) -> String {
    format!("device-{number:06}")
}

/// The side of the clients.
struct Load {
    host: String,
    streams: Vec<TcpStream>,
    signer: Signer,
    credentials: Credentials,
    stamp: Stamp,
    buffer: Vec<u8>,
}

impl Load {
    fn new(address: SocketAddr) -> Self {
        let streams: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(address).unwrap()).collect();
        for stream in &streams {
            stream.set_nonblocking(true).unwrap();
        }
        let key = AccessKey::built_in();
        Self {
            host: address.to_string(),
            streams,
            signer: Signer::new(Options::default().region, "greengrass".into(), false),
            credentials: Credentials {
                access_key: key.access_key,
                secret_key: Some(key.secret_key),
                token: None,
                account_id: None,
            },
            stamp: Stamp::at(SystemTime::now()),
            buffer: vec![0; 1 << 20],
        }
    }

    fn signed(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let headers = [("host", self.host.as_str()), ("x-amz-date", self.stamp.text.as_str())];
        let signable = Signable { method, target, headers: &headers, payload_hash: &sha256(body) };
        let authorization = self.signer.authorization(signable, &self.credentials, &self.stamp);
        let (host, date) = (&self.host, &self.stamp.text);
        let headers = format!("host: {host}\r\nx-amz-date: {date}\r\nauthorization: {authorization}\r\n");
        request(method, target, &headers, body)
    }

    /// The components, and a deployment that brings them to every device.
    fn deploy(&mut self) {
        let names: Vec<String> = (0..COMPONENTS).map(|at| format!("io.acme.component-{at}")).collect();
        for name in &names {
            let recipe = json!({
                "RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": "1.0.0",
                "Manifests": [{ "Platform": { "os": "linux" }, "Lifecycle": { "Run": "true" } }],
            });
            self.post("/greengrass/v2/createComponentVersion", &json!({ "inlineRecipe": BASE64.encode(recipe.to_string()) }));
        }
        let components: Map<_, _> = names.into_iter().map(|name| (name, json!({ "componentVersion": "1.0.0" }))).collect();
        let Options { region, account, .. } = Options::default();
        let target = format!("arn:aws:iot:{region}:{account}:thinggroup/{GROUP}");
        self.post("/greengrass/v2/deployments", &json!({ "targetArn": target, "components": components }));
    }

    fn post(&mut self, target: &str, body: &Value) {
        let request = self.signed("POST", target, body.to_string().as_bytes());
        self.one(&request);
    }

    /// How many components a device has that are its deployment's.
    fn installed(&mut self, device: usize) -> usize {
        let target = format!("/greengrass/v2/coreDevices/{}/installedComponents?maxResults=100", name(device));
        let request = self.signed("GET", &target, b"");
        let answer: Value = serde_json::from_slice(&self.one(&request)).unwrap();
        answer["installedComponents"].as_array().unwrap().len()
    }

    /// The targets of all pages of the fleet, which only the pages themselves can tell.
    fn tokens(&mut self) -> Vec<String> {
        let first = format!("/greengrass/v2/coreDevices?maxResults={PAGE}");
        let mut targets = vec![first.clone()];
        while let Some(Value::String(token)) = {
            let request = self.signed("GET", targets.last().unwrap(), b"");
            serde_json::from_slice::<Value>(&self.one(&request)).unwrap().get("nextToken").cloned()
        } {
            targets.push(format!("{first}&nextToken={token}"));
        }
        targets.truncate(FLEET / PAGE);
        targets
    }

    fn cpu(&mut self) -> Duration {
        Duration::from_nanos(serde_json::from_slice(&self.one(&request("GET", CPU, "", b""))).unwrap())
    }

    fn one(&mut self, request: &[u8]) -> Vec<u8> {
        self.streams[0].write_all(request).unwrap();
        let (start, end) = read(&mut self.streams[0], &mut self.buffer);
        self.buffer[start..end].to_vec()
    }

    /// Sends these, a request on each connection before the answers are read; the bytes of the last answer.
    fn replay<'r>(&mut self, requests: impl Iterator<Item = &'r Vec<u8>>) -> usize {
        let mut size = 0;
        let mut requests = requests.peekable();
        while requests.peek().is_some() {
            let mut sent = 0;
            for (stream, request) in self.streams.iter_mut().zip(requests.by_ref()) {
                stream.write_all(request).unwrap();
                sent += 1;
            }
            for stream in &mut self.streams[..sent] {
                let (start, end) = read(stream, &mut self.buffer);
                size = end - start;
            }
        }
        size
    }
}

fn request(method: &str, target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// Where the body of one good answer lies in `buffer`.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> (usize, usize) {
    let mut filled = 0;
    loop {
        let got = match stream.read(&mut buffer[filled..]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            got => got.unwrap(),
        };
        assert!(got > 0, "the server is gone");
        filled += got;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        if let httparse::Status::Complete(start) = response.parse(&buffer[..filled]).unwrap() {
            assert!(matches!(response.code, Some(200 | 201)), "{}", String::from_utf8_lossy(&buffer[..filled]));
            let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length")).unwrap();
            let end = start + std::str::from_utf8(length.value).unwrap().parse::<usize>().unwrap();
            if filled >= end {
                return (start, end);
            }
        }
    }
}

/// The server: the cloud, with more routes.
fn serve(folder: &Path) {
    let folder: Arc<Path> = folder.into();
    let options = Options { store: Some(folder.join("cloud.db")), ..Options::default() };
    let cloud = Arc::new(Cloud::open(&options, String::new()).unwrap());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let (_sender, stop) = watch::channel(());
        let answer = move |arrival: Arrival| {
            let (cloud, folder) = (Arc::clone(&cloud), Arc::clone(&folder));
            async move {
                let path = arrival.request.uri().path();
                if path == CPU {
                    told(&json!(u64::try_from(cpu_time().as_nanos()).unwrap()))
                } else if path == REGISTER {
                    told(&register(cloud, &folder))
                } else if let Some(size) = path.strip_prefix(ANYBODY) {
                    constant(size)
                } else if let Some(size) = path.strip_prefix(SIGNED).map(str::to_owned) {
                    let (head, body) = arrival.request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    cloud.signer(&head, &body, "greengrass").unwrap();
                    constant(&size)
                } else {
                    gateway::answer(cloud, arrival).await
                }
            }
        };
        server::serve(listener, None, answer, stop).await;
    });
}

fn register(cloud: Arc<Cloud>, folder: &Path) -> Value {
    let begun = Instant::now();
    cloud.register(&registration(0..FLEET)).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let bytes: u64 = folder.read_dir().unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    std::thread::spawn(move || {
        for first in (0..FLEET).step_by(REPORTS).cycle() {
            cloud.register(&registration(first..first + REPORTS)).unwrap();
            std::thread::sleep(PAUSE);
        }
    });
    json!([seconds, bytes])
}

fn told(value: &Value) -> Response<Body> {
    Response::new(Either::Left(Full::new(value.to_string().into())))
}

/// The first of some bytes that are made once.
fn constant(size: &str) -> Response<Body> {
    static BYTES: [u8; 1 << 16] = [b' '; 1 << 16];
    Response::new(Either::Left(Full::new(Bytes::from_static(&BYTES[..size.parse().unwrap()]))))
}

fn registration(numbers: Range<usize>) -> Registration {
    Registration {
        names: numbers.map(name).collect(),
        thing_groups: vec![GROUP.into()],
        platform: "linux".into(),
        architecture: "amd64".into(),
        nucleus_version: "2.17.0".into(),
        runtime: CLASSIC.into(),
    }
}

/// Of this thread.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.try_into().unwrap())
}
