//! Thousands of requests for as many handshakes, by queue: how fast they are carried out, what each costs, and that the
//! handler's memory does not grow with what waits.
//!
//! Both apps run as they are deployed, in a sandbox whose operations take as long as Azure's were seen to. It is done
//! twice, each time in a new world: with a tenth of the requests and with all of them (`PEERPACT_BENCH_REQUESTS`, 10,000
//! unless set). The timer's sweep is left out: what it holds grows with the number of networks, whether or not anything
//! waits. Times are of this machine, which the sandbox shares; calls, work items and memory are not.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use peerpact::clock::Clock;
use peerpact::queue::service_bus::{ServiceBus, ServiceBusAddress, ServiceBusSettings};
use peerpact::queue::{Message, MessageId, Queue, Queues as _};
use peerpact_fixtures::deployed::{Plan, Stage, request};
use peerpact_sandbox::service_bus::Depth;
use peerpact_sandbox::{Broker, Pace, Tenant};

const REQUESTS: usize = 10_000;
/// Sent at a time, as whoever has many would.
const BATCH: usize = 100;
/// Memory may differ by this much between the two runs: an allocator is no exact instrument.
const GROWTH_FACTOR: f64 = 1.25;
const GROWTH_MIB: f64 = 4.0;
const SAMPLE: Duration = Duration::from_millis(200);
/// No call to Azure for so long, and something is wrong. Outcomes are no measure: of many requests the first is through
/// only when all have been begun.
const STANDSTILL: Duration = Duration::from_secs(120);

fn main() -> anyhow::Result<ExitCode> {
    // `cargo test --all-targets` runs benches too, without this flag and in a build that is not worth measuring.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("skipped: figures come from `cargo bench --bench queue`");
        return Ok(ExitCode::SUCCESS);
    }
    let requests = match std::env::var("PEERPACT_BENCH_REQUESTS") {
        Ok(text) => text.parse().context("PEERPACT_BENCH_REQUESTS is no number")?,
        Err(_) => REQUESTS,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let few = runtime.block_on(run(requests / 10))?;
    let many = runtime.block_on(run(requests))?;
    let growth = few.apps.iter().zip(&many.apps);
    let grown = growth.filter(|(few, many)| many.peak > few.peak * GROWTH_FACTOR + GROWTH_MIB).count();
    if grown > 0 {
        println!("FAILED: the memory of {grown} handlers grows with the backlog");
        return Ok(ExitCode::FAILURE);
    }
    println!("memory does not grow with the backlog");
    Ok(ExitCode::SUCCESS)
}

struct Figures {
    apps: [App; 2],
}

/// What one tenant's app came to.
struct App {
    /// Highest resident memory of the handler, MiB.
    peak: f64,
}

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
async fn run(requests: usize) -> anyhow::Result<Figures> {
    let handler = Path::new(env!("CARGO_BIN_EXE_peerpact"));
    let stage = Stage::start(&Plan { handler, seed: 7, pace: Pace::Recorded, sweeps: false }).await?;
    stage.networks(0..requests).await?;
    let before = stage.azure().calls_since(0).len() as u64;

    let began = Instant::now();
    let sending = async {
        submit(&stage, requests).await?;
        anyhow::Ok(began.elapsed())
    };
    let (submitted, watched) = tokio::join!(sending, watch(&stage, requests));
    let (submitted, watched, took) = (submitted?, watched?, began.elapsed());

    println!("{requests} requests for {requests} handshakes, at most {} waiting", watched.backlog);
    let rate = |took: Duration| requests as f64 / took.as_secs_f64();
    println!("  submitted in {:.1} s: {:.0} a second", submitted.as_secs_f64(), rate(submitted));
    println!("  through to the outcome in {:.1} s: {:.1} a second", took.as_secs_f64(), rate(took));
    for (index, tenant) in Tenant::ALL.into_iter().enumerate() {
        tell(&stage, tenant, requests, before, watched.memory[index])?;
    }
    println!("  the sandbox itself, with its history of all calls: {:.1} MiB", memory("self", "VmRSS:")?);
    let apps = watched.memory.map(|memory| App { peak: memory.peak });
    stage.running.shutdown().await;
    Ok(Figures { apps })
}

/// Sends all requests over AMQP with the product's own client.
async fn submit(stage: &Stage, requests: usize) -> anyhow::Result<()> {
    let address = ServiceBusAddress::parse(&stage.running.ready.tenants.contoso.service_bus)?;
    let settings = ServiceBusSettings { address, entra: None, ca_bundle: None, seed: 7 };
    let queues = ServiceBus::new(settings, Clock::system());
    let message = |pair: usize| {
        let id = id(pair);
        Message {
            id: MessageId::new(&id),
            subject: "connect-peering".to_owned(),
            correlation: Some(id.clone()),
            not_before: None,
            body: request(&id, pair).into_bytes(),
        }
    };
    for first in (0..requests).step_by(BATCH) {
        let batch: Vec<Message> = (first..requests.min(first + BATCH)).map(message).collect();
        queues.send(Queue::ConnectionRequests, &batch).await?;
    }
    Ok(())
}

fn id(pair: usize) -> String {
    format!("bench-{pair:05}")
}

struct Watched {
    backlog: usize,
    memory: [Memory; 2],
}

/// Of a handler, in MiB.
#[derive(Clone, Copy, Default)]
struct Memory {
    idle: f64,
    /// The mean of the samples while there was work.
    mean: f64,
    /// The highest sample.
    highest: f64,
    /// What the system says was the most.
    peak: f64,
}

/// Receives outcomes and takes samples until every request has its outcome and nothing waits.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
async fn watch(stage: &Stage, requests: usize) -> anyhow::Result<Watched> {
    let mut answered = BTreeSet::new();
    let (mut backlog, mut samples) = (0, 0.0);
    let mut figures = [Memory::default(); 2];
    for (figure, process) in figures.iter_mut().zip(processes(stage)?) {
        figure.idle = memory(&process, "VmRSS:")?;
    }
    let (mut heard, mut last_call) = (Instant::now(), 0);
    while answered.len() < requests || waiting(stage)? > 0 {
        backlog = backlog.max(waiting(stage)?);
        for tenant in Tenant::ALL {
            let broker = stage.azure().service_bus(tenant);
            while let Some(outcome) = broker.receive("connection-outcomes")? {
                broker.complete(outcome.lock_token)?;
                if let Some(id) = outcome.message.correlation_id.clone() {
                    answered.insert(id);
                }
            }
        }
        if let Some(call) = stage.azure().calls_since(last_call).last() {
            (heard, last_call) = (Instant::now(), call.sequence);
        }
        anyhow::ensure!(heard.elapsed() < STANDSTILL, "{} of {requests} have an outcome", answered.len());
        samples += 1.0;
        for (figure, process) in figures.iter_mut().zip(processes(stage)?) {
            let resident = memory(&process, "VmRSS:")?;
            figure.highest = figure.highest.max(resident);
            figure.mean += (resident - figure.mean) / samples;
        }
        tokio::time::sleep(SAMPLE).await;
    }
    for (figure, process) in figures.iter_mut().zip(processes(stage)?) {
        figure.peak = memory(&process, "VmHWM:")?;
    }
    Ok(Watched { backlog, memory: figures })
}

/// Everything that has still to be done in either tenant's queues. Outcomes are not: they are for whoever asked.
fn waiting(stage: &Stage) -> anyhow::Result<usize> {
    let mut waiting = 0;
    for tenant in Tenant::ALL {
        for queue in Broker::queues().filter(|queue| *queue != "connection-outcomes") {
            let Depth { active, scheduled, locked, dead_lettered } =
                stage.azure().service_bus(tenant).depth(queue)?;
            anyhow::ensure!(dead_lettered == 0, "{} {queue} has dead letters", tenant.name());
            waiting += active + scheduled + locked;
        }
    }
    Ok(waiting)
}

fn processes(stage: &Stage) -> anyhow::Result<[String; 2]> {
    let process = |tenant| {
        let process = stage.host(tenant)?.handler_process().context("the handler runs")?;
        anyhow::Ok(process.to_string())
    };
    Ok([process(Tenant::Contoso)?, process(Tenant::Fabrikam)?])
}

fn tell(stage: &Stage, tenant: Tenant, requests: usize, before: u64, memory: Memory) -> anyhow::Result<()> {
    let name = format!("{}-app", tenant.name());
    let calls = stage.azure().calls_since(before);
    let calls = calls.iter().filter(|call| call.application.as_deref() == Some(&name));
    let (mut reads, mut writes, mut polls, mut tokens) = (0, 0, 0, 0);
    for call in calls {
        match call.method.as_str() {
            "POST" => tokens += 1,
            "GET" if call.path.contains("/operations/") => polls += 1,
            "GET" => reads += 1,
            _ => writes += 1,
        }
    }
    let each = |count: u64| count as f64 / requests as f64;
    println!(
        "  {name}: {:.2} calls to Resource Manager each ({:.2} reads, {:.2} writes, {:.2} looks at operations), \
         {tokens} for tokens in all",
        each(reads + writes + polls),
        each(reads),
        each(writes),
        each(polls)
    );
    let process = stage.host(tenant)?.handler_process().context("the handler runs")?;
    println!(
        "    {:.2} work items each, {:.1} ms of processor each",
        each(stage.azure().service_bus(tenant).sent("reconcile")?),
        processor(process)? * 1000.0 / requests as f64
    );
    let Memory { idle, mean, highest, peak } = memory;
    println!(
        "    resident: {idle:.1} MiB before, {mean:.1} in the mean, {highest:.1} at most; VmHWM {peak:.1} MiB"
    );
    Ok(())
}

/// A field of a process's status, in MiB.
fn memory(process: &str, field: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).context("the field is there")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// How many seconds of processor time a process has used. The system counts in hundredths.
fn processor(process: u32) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold anything: the 14th and 15th fields of all.
    let fields = text.rsplit_once(')').context("a name")?.1.split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}
