//! The calls of the benches, made by the Rust SDK against the constant server.
//!
//! It tells its version and then waits for work, as `rival.py` says. The runtime has one thread: with more of them a call
//! costs more CPU.
//!
//!     cargo build --release --locked --manifest-path benches/sdk/Cargo.toml

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead;
use std::time::{Duration, Instant};

use aws_sdk_greengrassv2::Client;
use aws_sdk_greengrassv2::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_greengrassv2::meta::PKG_VERSION;
use aws_sdk_greengrassv2::types::{
    ComponentConfigurationUpdate, ComponentDeploymentSpecification, ComponentRunWith, SystemResourceLimits,
};
use rustix::time::{ClockId, clock_gettime};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Of a fan-out.
const CONCURRENCY: usize = 64;
/// Of a request to create a deployment, as in `constant_server.py`.
const COMPONENTS: usize = 26;

fn main() -> Outcome {
    let url = std::env::args().nth(1).ok_or("the URL of the constant server is missing: sdk URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(url)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench"))
            .build(),
    );
    let components = components()?;
    println!("aws-sdk-greengrassv2 {PKG_VERSION}");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (work, times) = line.split_once(' ').ok_or_else(|| format!("no work and number: {line}"))?;
        let times = times.parse()?;
        let (started, used) = (Instant::now(), cpu_time()?);
        runtime.block_on(async {
            match work {
                "single" => singles(&client, times).await,
                "pages" => pages(&client, times).await,
                "big" => big(&client, times).await,
                "create" => creates(&client, &components, times).await,
                "fanout" => fanout(&client, times).await,
                _ => Err(format!("no such work: {work}").into()),
            }
        })?;
        let (wall, used) = (started.elapsed(), cpu_time()?.saturating_sub(used));
        println!("{} {}", wall.as_secs_f64(), used.as_secs_f64());
    }
    Ok(())
}

fn cpu_time() -> Outcome<Duration> {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.try_into()?))
}

async fn singles(client: &Client, times: usize) -> Outcome {
    for _ in 0..times {
        let answer = client.list_core_devices().send().await?;
        assert_eq!(answer.core_devices().len(), 1);
    }
    Ok(())
}

async fn pages(client: &Client, count: usize) -> Outcome {
    let mut pages = client.list_core_devices().max_results(100).into_paginator().send();
    for _ in 0..count {
        let page = pages.next().await.ok_or("the pages have ended")??;
        assert_eq!(page.core_devices().len(), 100);
    }
    Ok(())
}

async fn big(client: &Client, times: usize) -> Outcome {
    for _ in 0..times {
        let answer = client.get_deployment().deployment_id("d").send().await?;
        assert_eq!(answer.components().map(HashMap::len), Some(182));
    }
    Ok(())
}

async fn creates(client: &Client, components: &HashMap<String, ComponentDeploymentSpecification>, times: usize) -> Outcome {
    for _ in 0..times {
        let answer = client
            .create_deployment()
            .target_arn("arn:aws:iot:us-east-1:123456789012:thinggroup/fleet")
            .deployment_name("fleet")
            .set_components(Some(components.clone()))
            .send()
            .await?;
        assert!(answer.deployment_id().is_some());
    }
    Ok(())
}

/// Tasks share the calls.
async fn fanout(client: &Client, calls: usize) -> Outcome {
    let tasks: Vec<_> = (0..CONCURRENCY)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in (number..calls).step_by(CONCURRENCY) {
                    let answer = client.get_core_device().core_device_thing_name("device-000001").send().await?;
                    assert!(answer.status().is_some());
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// `components(26)` of `constant_server.py`.
fn components() -> Outcome<HashMap<String, ComponentDeploymentSpecification>> {
    let merge = r#"{"interval": 30, "endpoint": "https://example.com/ingest", "labels": ["a", "b", "c"]}"#;
    (0..COMPONENTS)
        .map(|number| {
            let update = ComponentConfigurationUpdate::builder().merge(merge).reset("/old/setting").reset("/other").build();
            let limits = SystemResourceLimits::builder().memory(102_400).cpus(1.5).build();
            let run_with = ComponentRunWith::builder().posix_user("ggc_user:ggc_group").system_resource_limits(limits).build();
            let specification = ComponentDeploymentSpecification::builder()
                .component_version(format!("1.{number}.0"))
                .configuration_update(update)
                .run_with(run_with)
                .build()?;
            Ok((format!("com.example.component{number:04}"), specification))
        })
        .collect()
}
