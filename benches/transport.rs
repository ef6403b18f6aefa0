//! What one small GET costs the client: our exchange on the caller's thread beside a bare blocking socket and beside
//! hyper on tokio's runtimes.
//!
//! The server is this program again, as a child, so that only the client's CPU time is counted. Rivals take turns in
//! rounds, and medians are printed.
//!
//!     cargo bench --no-default-features --bench transport

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may stop and prints")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fleetgrass::client::transport::{Options, Origin, Transport, Verify};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 101;
const CALLS: u32 = 300;
const BODY: &[u8] =
    br#"{"coreDevices":[{"coreDeviceThingName":"device-1","status":"HEALTHY","lastStatusUpdateTimestamp":1700000000.123}]}"#;

/// A way of making one call, and its name.
type Rival = (&'static str, Box<dyn FnMut()>);

fn main() {
    if std::env::args().any(|argument| argument == "--serve") {
        return serve();
    }
    let mut server = Command::new(std::env::current_exe().unwrap()).arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();

    let mut rivals: Vec<Rival> = vec![
        ("a blocking socket, 2 syscalls", blocking(address)),
        ("ours: hyper driven on the caller's thread", ours(address)),
        ("hyper, tokio current-thread runtime", tokio(address, Builder::new_current_thread().enable_io().build().unwrap())),
        (
            "hyper, tokio multi-thread runtime",
            tokio(address, Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap()),
        ),
    ];
    let mut figures = vec![(Vec::new(), Vec::new()); rivals.len()];
    for _ in 0..ROUNDS {
        for ((_, call), (wall, cpu)) in rivals.iter_mut().zip(&mut figures) {
            let (started, used) = (Instant::now(), cpu_time());
            for _ in 0..CALLS {
                call();
            }
            wall.push(started.elapsed() / CALLS);
            cpu.push(cpu_time().saturating_sub(used) / CALLS);
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    println!("one GET of {} bytes on loopback, medians of {ROUNDS} rounds of {CALLS} calls\n", BODY.len());
    println!("{:44} {:>10} {:>10}", "", "CPU µs", "wall µs");
    for ((name, _), (wall, cpu)) in rivals.iter().zip(&mut figures) {
        println!("{name:44} {:10.1} {:10.1}", median(cpu), median(wall));
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.try_into().unwrap())
}

fn request(address: SocketAddr) -> Request<Full<Bytes>> {
    Request::get("/greengrass/v2/coreDevices?maxResults=100")
        .header("host", address.to_string())
        .header("accept-encoding", "identity")
        .header("user-agent", "bench")
        .body(Full::default())
        .unwrap()
}

fn ours(address: SocketAddr) -> Box<dyn FnMut()> {
    let transport = Transport::new(Options {
        max_body: u64::MAX,
        connect_timeout: Some(Duration::from_mins(1)),
        read_timeout: Some(Duration::from_mins(1)),
        max_idle: 10,
        keepalive: false,
        verify: Verify::System,
        identity: None,
        proxies: None,
    });
    let origin = Origin { tls: false, host: address.ip().to_string(), port: address.port() };
    Box::new(move || {
        let answer = transport.exchange(&origin, request(address), &|| Ok(())).unwrap();
        assert_eq!(answer.body().len(), BODY.len());
    })
}

fn tokio(address: SocketAddr, runtime: Runtime) -> Box<dyn FnMut()> {
    let mut sender = runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        sender
    });
    Box::new(move || {
        let length = runtime.block_on(async {
            sender.ready().await.unwrap();
            let answer = sender.send_request(request(address)).await.unwrap();
            answer.into_body().collect().await.unwrap().to_bytes().len()
        });
        assert_eq!(length, BODY.len());
    })
}

fn blocking(address: SocketAddr) -> Box<dyn FnMut()> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /greengrass/v2/coreDevices?maxResults=100 HTTP/1.1\r\nhost: {address}\r\naccept-encoding: identity\r\nuser-agent: bench\r\n\r\n"
    );
    let mut buffer = [0; 4096];
    Box::new(move || {
        stream.write_all(request.as_bytes()).unwrap();
        let read = stream.read(&mut buffer).unwrap();
        assert!(buffer[..read].ends_with(BODY));
    })
}

/// Answers every request with the same bytes.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let mut answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", BODY.len()).into_bytes();
    answer.extend_from_slice(BODY);
    for stream in listener.incoming() {
        let (mut stream, answer) = (stream.unwrap(), answer.clone());
        stream.set_nodelay(true).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                stream.write_all(&answer).unwrap();
            }
        });
    }
}
