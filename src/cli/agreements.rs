//! `agreements check`: whether the agreements are taken, and what they say.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::output::{self, Style, styled};
use super::{NO, variable};
use crate::agreement_folder::{self, FolderError};
use crate::config;
use crate::handshake::agreements::{
    Adopt, ManagementAgreement, OnRemoval, Partner, PeeringAgreement, Remedy, RequestRule,
};
use crate::handshake::ids::TenantId;
use crate::handshake::request_queue::RequestQueue;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read every agreement and say what is wrong with it, with file, line and column.
    Check {
        /// The folder with one TOML file for each partner; else `PEERPACT_AGREEMENTS` says where it is.
        folder: Option<PathBuf>,
        /// Your own tenant, so that an agreement with yourself is found too.
        #[arg(long, env = "AZURE_TENANT_ID")]
        tenant: Option<TenantId>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Check { folder, tenant, json } = command;
    let folder = match folder {
        Some(folder) => folder,
        None => config::agreements_from_env(variable)?,
    };
    let agreements = match agreement_folder::read(&folder, tenant) {
        Ok(agreements) => agreements,
        Err(error @ FolderError::Read { .. }) => return Err(error.into()),
        Err(error @ (FolderError::TooLong(_) | FolderError::Agreement(_))) => {
            output::error(&format!("{:#}", anyhow::Error::from(error)));
            return Ok(ExitCode::from(NO));
        }
    };
    if json {
        let partners: Vec<_> = agreements.partners().iter().map(partner_json).collect();
        output::json(&json!({ "partners": partners }))?;
    } else if agreements.partners().is_empty() {
        output::line(format!("{} holds no agreement: nothing is allowed", folder.display()));
    } else {
        agreements.partners().iter().for_each(show);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(partner: &Partner) {
    output::line(format!("{} (tenant {})", styled(Style::Strong, &partner.name), partner.tenant));
    for agreement in &partner.peerings {
        output::line(format!("  {} {}", styled(Style::Good, "peering"), partner.label(agreement)));
        output::line(format!("    ours     {}", agreement.ours));
        output::line(format!("    theirs   {}", agreement.theirs));
        output::line(format!("    prefixes {}", prefixes(agreement).join(", ")));
        output::line(format!("    {}", terms(agreement)));
        effects(agreement).iter().for_each(|effect| output::line(format!("    {effect}")));
    }
    for agreement in &partner.managements {
        let label = partner.label_of(&agreement.name);
        output::line(format!("  {} {label}", styled(Style::Good, "management")));
        output::line(format!("    manager  {}", agreement.manager));
        let whose = format!("the {:?} is ours", agreement.ours).to_lowercase();
        output::line(format!("    scope    {} ({whose})", agreement.scope));
        management_effects(agreement).iter().for_each(|effect| output::line(format!("    {effect}")));
    }
    for line in requests(partner) {
        output::line(format!("  {} {line}", styled(Style::Good, "requests")));
    }
    for rule in &partner.denials {
        output::line(format!("  {} {} ({})", styled(Style::Bad, "never"), rule.network, rule.reason));
    }
}

/// What the senders of each queue may ask for.
fn requests(partner: &Partner) -> Vec<String> {
    if partner.requests.is_empty() {
        return vec![format!("by {}: everything", RequestQueue::default())];
    }
    let rule = |rule: &RequestRule| format!("by {}: {}", rule.queue.get_ref(), actions(rule).join(", "));
    partner.requests.iter().map(rule).collect()
}

fn terms(agreement: &PeeringAgreement) -> String {
    let may = |allowed: bool, what: &str| format!("{what} {}", if allowed { "yes" } else { "no" });
    let mut terms = vec![
        may(agreement.forwarded_traffic, "forwarded traffic"),
        may(agreement.gateway_transit, "our gateway for them"),
        may(agreement.remote_gateways, "their gateway for us"),
        format!("on removal {:?}", agreement.on_removal).to_lowercase(),
        format!("reach {:?}", agreement.reach).to_lowercase(),
    ];
    terms.extend(agreement.tag.as_ref().map(|tag| format!("only with tag {}={}", tag.key, tag.value)));
    terms.join(", ")
}

/// What becomes of halves, in sentences: of those that we made and of those that people made.
fn effects(agreement: &PeeringAgreement) -> [String; 4] {
    let manages = agreement.adopt == Adopt::Manage;
    let which = if manages { "our half" } else { "our half, if we made it," };
    let removal = match agreement.on_removal {
        OnRemoval::Remove => format!("{which} is removed"),
        OnRemoval::Keep => "our half stays, broken".to_owned(),
        OnRemoval::Restore => format!("{which} is written again, and theirs after it"),
    };
    let breach = match agreement.on_breach {
        Remedy::Remove => "it is told and removed, or its flags are cut down where only they go too far",
        Remedy::Tell => "it is told and stays",
    };
    [
        format!("when they remove their half: {removal}"),
        format!("when {which} comes to route or allow more than is agreed: {breach}"),
        withdrawal(agreement.on_withdrawal, which),
        adoption(manages, "read, told and synced, and else never written or removed unasked"),
    ]
}

fn management_effects(agreement: &ManagementAgreement) -> [String; 3] {
    let manages = agreement.adopt == Adopt::Manage;
    let which = if manages { "our half" } else { "our half, if we made it," };
    let removal = match agreement.on_removal {
        OnRemoval::Remove | OnRemoval::Restore => format!("{which} is removed"),
        OnRemoval::Keep => "our half stays, broken".to_owned(),
    };
    [
        format!("when they remove their half: {removal}"),
        withdrawal(agreement.on_withdrawal, which),
        adoption(manages, "read and told, and never written or removed unasked"),
    ]
}

fn withdrawal(remedy: Remedy, which: &str) -> String {
    let then = match remedy {
        Remedy::Remove => format!("it is told, and {which} is removed"),
        Remedy::Tell => "it is told, and nothing is cut".to_owned(),
    };
    format!("when our agreement covers a pair no longer: {then}")
}

fn adoption(manages: bool, kept: &str) -> String {
    format!("halves that people made: {}", if manages { "treated like our own" } else { kept })
}

fn partner_json(partner: &Partner) -> serde_json::Value {
    let peerings: Vec<_> = partner
        .peerings
        .iter()
        .map(|agreement| {
            json!({
                "name": partner.label(agreement), "ours": agreement.ours, "theirs": agreement.theirs,
                "prefixes": prefixes(agreement), "forwardedTraffic": agreement.forwarded_traffic,
                "gatewayTransit": agreement.gateway_transit, "remoteGateways": agreement.remote_gateways,
                "onRemoval": agreement.on_removal, "onBreach": agreement.on_breach,
                "onWithdrawal": agreement.on_withdrawal, "adopt": agreement.adopt, "reach": agreement.reach,
                "tag": agreement.tag.as_ref().map(|tag| format!("{}={}", tag.key, tag.value)),
            })
        })
        .collect();
    let denials: Vec<_> = partner
        .denials
        .iter()
        .map(|rule| json!({ "network": rule.network, "reason": rule.reason }))
        .collect();
    let managements: Vec<_> = partner
        .managements
        .iter()
        .map(|agreement| {
            json!({
                "name": partner.label_of(&agreement.name), "manager": agreement.manager.to_string(),
                "scope": agreement.scope, "ours": agreement.ours, "onRemoval": agreement.on_removal,
                "onWithdrawal": agreement.on_withdrawal, "adopt": agreement.adopt,
            })
        })
        .collect();
    let requests: Vec<_> = partner.requests.iter().map(request_json).collect();
    json!({
        "partner": partner.name, "tenant": partner.tenant, "peering": peerings, "management": managements,
        "requests": requests, "deny": denials,
    })
}

fn request_json(rule: &RequestRule) -> serde_json::Value {
    json!({ "queue": rule.queue.get_ref().to_string(), "actions": actions(rule) })
}

fn actions(rule: &RequestRule) -> Vec<&'static str> {
    rule.actions.iter().map(|action| action.name()).collect()
}

fn prefixes(agreement: &PeeringAgreement) -> Vec<String> {
    agreement.prefixes.get_ref().iter().map(ToString::to_string).collect()
}
