//! `explain`: the decision on two networks, and every reason. Writes nothing.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::environment::{resource_manager, variable};
use super::exit_code::NO;
use super::output::{self, Style, styled};
use super::runtime::block_on;
use crate::agreement_folder;
use crate::arm::Deadline;
use crate::azure::AzureConfig;
use crate::clock::Clock;
use crate::config;
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::{Decision, Verdict};
use crate::handshake::ids::TenantId;
use crate::handshake::pair::Pair;
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::{Kinds, Observer, Prefetched, UnknownResource};

/// Longer than any healthy read, with its retries.
const BOUND: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The resource id of your own end: a virtual network, a network manager, a subscription or a management group.
    #[arg(long, value_parser = end)]
    ours: ResourceId,
    /// The resource id of the partner's end.
    #[arg(long, value_parser = end)]
    theirs: ResourceId,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let azure = AzureConfig::from_env(variable)?;
    let home = TenantId::from(azure.tenant);
    let kinds = Kinds::built_in();
    let agreements = agreement_folder::read(&kinds, &config::agreements_from_env(variable)?, Some(home))?;
    let pair = pair(args, &kinds, &agreements)?;
    let kind = kinds.named(pair.kind()).context("a pair is of a kind")?;
    block_on(async {
        let clock = Clock::system();
        let resource_manager = resource_manager(&azure, clock);
        let observer = Observer { home, agreements: &agreements, resource_manager: &resource_manager };
        let thorough = Prefetched { thorough: true, ..Prefetched::default() };
        let view = kind.read(&observer, &pair, None, thorough, Deadline::after(&clock, BOUND)).await?;
        show(args, &view.decide(None, &agreements, clock.now()))
    })
}

fn end(text: &str) -> Result<ResourceId, UnknownResource> {
    Kinds::built_in().parse_end(text)
}

fn pair(args: &ExplainArgs, kinds: &Kinds, agreements: &Agreements) -> anyhow::Result<Pair> {
    let ExplainArgs { ours, theirs, .. } = args;
    if let Some(pair) = kinds.pair(ours, theirs, agreements) {
        return Ok(pair);
    }
    if kinds.pair(theirs, ours, agreements).is_some() {
        anyhow::bail!(
            "the agreements have it the other way round: {theirs} is ours; swap --ours and --theirs"
        );
    }
    anyhow::bail!(
        "no agreement names both {ours} (as ours) and {theirs} (as a partner's) as two ends that can be connected, so nothing would be done"
    );
}

fn show(args: &ExplainArgs, decision: &Decision) -> anyhow::Result<ExitCode> {
    let (goes_well, verdict, reasons): (bool, String, &[Reason]) = match &decision.verdict {
        Verdict::Write(write) => (true, format!("would {}: {}", write.step, write.target), &[]),
        Verdict::Undo { write, reasons } => {
            (false, format!("would {}: {}", write.step, write.target), reasons)
        }
        Verdict::Confirm(_) => (true, "would read again before it is closed".to_owned(), &[]),
        Verdict::Rest { phase, reasons, .. } => {
            let well = matches!(phase, Phase::Connected | Phase::Waiting | Phase::Completing | Phase::Closed);
            (well, format!("would write nothing: {phase}"), reasons)
        }
    };
    if args.json {
        let write = decision.verdict.write().map(
            |write| json!({ "step": write.step, "target": write.target.to_string(), "body": write.body.shown() }),
        );
        let phase = match &decision.verdict {
            Verdict::Write(_) => Phase::Completing,
            Verdict::Undo { .. } => Phase::Refused,
            Verdict::Confirm(_) => Phase::Waiting,
            Verdict::Rest { phase, .. } => *phase,
        };
        output::json(&json!({
            "ours": args.ours.to_string(), "theirs": args.theirs.to_string(), "agreement": decision.agreement,
            "decision": format!("{:?}", decision.row), "phase": phase, "write": write, "reasons": reasons,
        }))?;
    } else {
        let agreement = decision.agreement.as_deref().unwrap_or("none");
        output::line(format!("agreement: {agreement}"));
        output::line(styled(if goes_well { Style::Good } else { Style::Bad }, &verdict));
        for reason in reasons {
            output::line(format!("  {} {}", styled(Style::Strong, &reason.code.as_str()), reason.message));
            if let Some(fix) = &reason.fix {
                output::line(format!("    {} {fix}", styled(Style::Warn, "fix:")));
            }
        }
    }
    Ok(if goes_well { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}
