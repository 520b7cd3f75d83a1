//! `agreements check`: whether the agreements are taken, and what they say.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::output::{self, Style, styled};
use super::{NO, variable};
use crate::agreement_folder::{self, FolderError};
use crate::config;
use crate::handshake::agreements::{Partner, PeeringAgreement};
use crate::handshake::ids::TenantId;

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
    }
    for rule in &partner.denials {
        output::line(format!("  {} {} ({})", styled(Style::Bad, "never"), rule.network, rule.reason));
    }
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

fn partner_json(partner: &Partner) -> serde_json::Value {
    let peerings: Vec<_> = partner
        .peerings
        .iter()
        .map(|agreement| {
            json!({
                "name": partner.label(agreement), "ours": agreement.ours, "theirs": agreement.theirs,
                "prefixes": prefixes(agreement), "forwardedTraffic": agreement.forwarded_traffic,
                "gatewayTransit": agreement.gateway_transit, "remoteGateways": agreement.remote_gateways,
                "onRemoval": agreement.on_removal, "reach": agreement.reach,
                "tag": agreement.tag.as_ref().map(|tag| format!("{}={}", tag.key, tag.value)),
            })
        })
        .collect();
    let denials: Vec<_> = partner
        .denials
        .iter()
        .map(|rule| json!({ "network": rule.network, "reason": rule.reason }))
        .collect();
    json!({ "partner": partner.name, "tenant": partner.tenant, "peering": peerings, "deny": denials })
}

fn prefixes(agreement: &PeeringAgreement) -> Vec<String> {
    agreement.prefixes.get_ref().iter().map(ToString::to_string).collect()
}
