//! What reads of the local cloud cost, beside constant bodies from the same server: gets and pages of 100 devices of a
//! fleet of 100,000, signatures checked, while devices report.
//!
//! There are two constants: a small one that is given to anybody, which is what HTTP alone costs here, and one as long
//! as each answer, to a request whose signature is checked as that of the answer is. Both ratios are printed.
//!
//! The server is this program again, as a child. Its thread tells the CPU time it has used, so a rate "a core" is
//! requests by seconds of CPU of that thread, parsing and socket calls included; the wall clock stands beside it. The
//! load replays requests that were signed beforehand, over a few connections that take turns; each asks for another
//! device or page of the fleet, so no answer comes twice in a row.
//!
//!     cargo bench --no-default-features --features emulator --bench emulator

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may stop and prints")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use fleetgrass::client::identity::Credentials;
use fleetgrass::client::sign::{Signable, Signer, Stamp, sha256};
use fleetgrass::emulator::gateway::{self, Body};
use fleetgrass::emulator::server::{self, Arrival};
use fleetgrass::emulator::{AccessKey, CLASSIC, Cloud, Options, Registration};
use http::Response;
use http_body_util::{BodyExt, Either, Full};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

const FLEET: usize = 100_000;
const PAGE: usize = 100;
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 21;
/// Of each kind, a round.
const REQUESTS: usize = 800;
/// One batch of reports, and the time between two.
const REPORTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(20);
/// Floors of the project, a core and second; and how many times a constant body at most.
const FLOORS: [(&str, f64); 2] = [("get", 5_000.0), ("page of 100", 1_000.0)];
const FACTOR: f64 = 4.0;

/// Gives as many bytes as its label says, unsigned or signed.
const ANYBODY: &str = "/constant/";
const SIGNED: &str = "/signed/";
const CPU: &str = "/cpu";
const SMALL: usize = 208;

fn main() {
    if std::env::args().any(|argument| argument == "--serve") {
        return serve();
    }
    let mut server = Command::new(std::env::current_exe().unwrap()).arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let address: SocketAddr = lines.next().unwrap().unwrap().parse().unwrap();
    let mut load = Load::new(address);

    // strides through the fleet, so that neighbours of a request are elsewhere
    let get = |at| format!("/greengrass/v2/coreDevices/{}", name(at * 7_919 % FLEET));
    let gets: Vec<_> = (0..FLEET).map(|at| load.signed(&get(at))).collect();
    let tokens = load.tokens();
    let pages: Vec<_> = (0..tokens.len()).map(|at| load.signed(&tokens[at * 37 % tokens.len()])).collect();
    let constant = |load: &mut Load, model: &[u8]| {
        let size = load.one(model).len();
        vec![load.signed(&format!("{SIGNED}{size}"))]
    };
    let kinds = [
        ("constant", vec![load.signed(&format!("{ANYBODY}{SMALL}"))]),
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
    report(&kinds.map(|(name, _)| name), &mut figures);
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn per_round() -> f64 {
    REQUESTS as f64
}

/// Seconds of CPU and of the clock, one a round, and the bytes of an answer.
type Figures = (Vec<f64>, Vec<f64>, usize);

fn report(names: &[&str], figures: &mut [Figures]) {
    println!("{}", machine());
    println!(
        "fleetgrass {}, SQLite {}; {FLEET} devices in memory, {REPORTS} of which report every {} ms;",
        env!("CARGO_PKG_VERSION"),
        rusqlite::version(),
        PAUSE.as_millis()
    );
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
                let verdict = |holds| if holds { "holds" } else { "MISSED" };
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
        let streams = (0..CONNECTIONS).map(|_| TcpStream::connect(address).unwrap()).collect();
        let key = AccessKey::built_in();
        Self {
            host: address.to_string(),
            streams,
            signer: Signer::new(Options::default().region, "greengrass".into(), false),
            credentials: Credentials { access_key: key.access_key, secret_key: Some(key.secret_key), token: None },
            stamp: Stamp::at(SystemTime::now()),
            buffer: vec![0; 1 << 20],
        }
    }

    fn signed(&self, target: &str) -> Vec<u8> {
        let headers = [("host", self.host.as_str()), ("x-amz-date", self.stamp.text.as_str())];
        let request = Signable { method: "GET", target, headers: &headers, payload_hash: &sha256(b"") };
        let authorization = self.signer.authorization(request, &self.credentials, &self.stamp);
        let (host, date) = (&self.host, &self.stamp.text);
        format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nx-amz-date: {date}\r\nauthorization: {authorization}\r\n\r\n")
            .into_bytes()
    }

    /// The targets of all pages of the fleet, which only the pages themselves can tell.
    fn tokens(&mut self) -> Vec<String> {
        let first = format!("/greengrass/v2/coreDevices?maxResults={PAGE}");
        let mut targets = vec![first.clone()];
        while let Some(Value::String(token)) = {
            let request = self.signed(targets.last().unwrap());
            serde_json::from_slice::<Value>(&self.one(&request)).unwrap().get("nextToken").cloned()
        } {
            targets.push(format!("{first}&nextToken={token}"));
        }
        targets.truncate(FLEET / PAGE);
        targets
    }

    fn cpu(&mut self) -> Duration {
        let request = format!("GET {CPU} HTTP/1.1\r\nhost: x\r\n\r\n");
        Duration::from_nanos(String::from_utf8(self.one(request.as_bytes())).unwrap().parse().unwrap())
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

/// Where the body of one good answer lies in `buffer`.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> (usize, usize) {
    let mut filled = 0;
    loop {
        let got = stream.read(&mut buffer[filled..]).unwrap();
        assert!(got > 0, "the server is gone");
        filled += got;
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        if let httparse::Status::Complete(start) = response.parse(&buffer[..filled]).unwrap() {
            assert_eq!(response.code, Some(200), "{}", String::from_utf8_lossy(&buffer[..filled]));
            let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length")).unwrap();
            let end = start + std::str::from_utf8(length.value).unwrap().parse::<usize>().unwrap();
            if filled >= end {
                return (start, end);
            }
        }
    }
}

/// The server: the cloud, with two more routes.
fn serve() {
    let cloud = Arc::new(Cloud::open(&Options::default(), String::new()).unwrap());
    for first in (0..FLEET).step_by(1000) {
        cloud.register(&registration((first..first + 1000).map(name).collect())).unwrap();
    }
    let reported = Arc::clone(&cloud);
    std::thread::spawn(move || {
        for first in (0..FLEET).step_by(REPORTS).cycle() {
            reported.register(&registration((first..first + REPORTS).map(name).collect())).unwrap();
            std::thread::sleep(PAUSE);
        }
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let (_sender, stop) = watch::channel(());
        let answer = move |arrival: Arrival| {
            let cloud = Arc::clone(&cloud);
            async move {
                let path = arrival.request.uri().path();
                if path == CPU {
                    Response::new(Either::Left(Full::new(cpu_time().as_nanos().to_string().into())))
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

/// The first of some bytes that are made once.
fn constant(size: &str) -> Response<Body> {
    static BYTES: [u8; 1 << 16] = [b' '; 1 << 16];
    Response::new(Either::Left(Full::new(Bytes::from_static(&BYTES[..size.parse().unwrap()]))))
}

fn registration(names: Vec<String>) -> Registration {
    Registration {
        names,
        thing_groups: Vec::new(),
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
