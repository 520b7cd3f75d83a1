//! Cold start and memory of the handler, as the Functions host meets them: from exec to the first answer of `GET /`,
//! and what the process holds then. The page cache is warm: one run before those that count.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RUNS: usize = 20;
const START_MAX: Duration = Duration::from_secs(30);

const AGREEMENT: &str = r#"
partner = "contoso"
tenant  = "72f988bf-86f1-41af-91ab-2d7cd011db47"

[[peering]]
name     = "shared-services"
ours     = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
theirs   = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
prefixes = ["10.0.0.0/8"]
"#;

struct Run {
    start_ms: f64,
    rss_mib: f64,
    pss_mib: f64,
}

fn main() -> Result<()> {
    // `cargo test --all-targets` runs benches too, without this flag and in a build that is not worth measuring.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures come from `cargo bench --bench start`");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("agreements"))?;
    fs::write(folder.path().join("agreements/contoso.toml"), AGREEMENT)?;
    measure(folder.path())?;
    let runs = (0..RUNS).map(|_| measure(folder.path())).collect::<Result<Vec<_>>>()?;
    println!("peerpact serve, {RUNS} runs              min    median       max");
    line("exec to the first answer, ms", runs.iter().map(|run| run.start_ms));
    line("resident after it, RSS, MiB", runs.iter().map(|run| run.rss_mib));
    line("its own share of that, PSS, MiB", runs.iter().map(|run| run.pss_mib));
    Ok(())
}

fn line(what: &str, figures: impl Iterator<Item = f64>) {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    println!("{what:<32} {min:>9.1} {median:>9.1} {max:>9.1}");
}

#[expect(clippy::disallowed_methods, reason = "real time of a real process is what is measured")]
fn measure(folder: &Path) -> Result<Run> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = command(folder, port);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut answer = first_answer(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    while answer.is_err() && began.elapsed() < START_MAX && child.try_wait()?.is_none() {
        std::thread::yield_now();
        answer = first_answer(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let start_ms = began.elapsed().as_secs_f64() * 1000.0;
    let memory = memory(&child);
    stop(child)?;
    answer?;
    let (rss_mib, pss_mib) = memory?;
    Ok(Run { start_ms, rss_mib, pss_mib })
}

fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
    command
        .arg("serve")
        .env_clear()
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .env("AZURE_TENANT_ID", "79686033-97a2-4ebd-8e7d-0cae2c7df00e")
        .env("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
        .env("AZURE_CLIENT_SECRET", "never sent")
        .env("PEERPACT_AGREEMENTS", folder.join("agreements"))
        .env("PEERPACT_LEDGER", folder.join("ledger.db"))
        .env("PEERPACT_SERVICE_BUS", "contoso.servicebus.windows.net")
        .env("PEERPACT_LOG", "warn")
        .stdin(Stdio::null());
    command
}

fn first_answer(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(START_MAX))?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if &answer == b"HTTP/1.1 200" { Ok(()) } else { Err("the first answer is not 200".into()) }
}

/// Resident and proportional set size, in MiB.
fn memory(child: &Child) -> Result<(f64, f64)> {
    let of = |file: &str, field: &str| -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/{file}", child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)).ok_or("the field is not there")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    };
    Ok((of("status", "VmRSS:")?, of("smaps_rollup", "Pss:")?))
}

fn stop(mut child: Child) -> Result<()> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    if child.wait()?.success() { Ok(()) } else { Err("the handler did not end well".into()) }
}
