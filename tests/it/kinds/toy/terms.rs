//! Agreements on links: which rooms may be linked, and how wide.

use std::sync::Arc;

use peerpact::handshake::agreements::{Agreements, Broken, Claim, Partner, Section, ShownAgreement, Terms};
use peerpact::handshake::pair::Pair;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::scope::Scope;
use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

/// The action by which our half of a link is asked for.
pub(super) const ACTION: &str = "connect-link";
/// What makes a room known.
pub(super) const FIX: &str = "add a [[link]] with both rooms to the agreement with the partner";

/// `[[link]]`
pub(super) const SECTION: Section = Section {
    key: "link",
    actions: &[ACTION],
    fix: FIX,
    read: |text| Ok(Arc::new(toml::from_str::<LinkTerms>(text)?)),
};

/// The links of a file.
#[derive(Debug, Deserialize)]
struct LinkTerms {
    #[serde(default)]
    link: Vec<LinkAgreement>,
}

/// Two rooms that may be linked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkAgreement {
    pub(super) name: Spanned<String>,
    ours: ResourceId,
    theirs: ResourceId,
    /// Our half is no wider.
    pub(super) width: u32,
}

impl Terms for LinkTerms {
    fn names(&self) -> Vec<&Spanned<String>> {
        self.link.iter().map(|agreement| &agreement.name).collect()
    }

    fn claims(&self) -> Vec<Claim<'_>> {
        let claims = self.link.iter().flat_map(|agreement| {
            [(&agreement.ours, true), (&agreement.theirs, false)].into_iter().filter_map(|(room, ours)| {
                Some(Claim { agreement: &agreement.name, scope: Scope::holding(room)?, ours })
            })
        });
        claims.collect()
    }

    fn check(&self) -> Result<(), Broken> {
        match self.link.iter().find(|agreement| agreement.width == 0) {
            Some(agreement) => {
                let problem = "`width` is 0, and nothing fits through that".to_owned();
                Err(Broken { at: agreement.name.span().start, problem })
            }
            None => Ok(()),
        }
    }

    fn shown(&self, label: &dyn Fn(&Spanned<String>) -> String) -> Vec<ShownAgreement> {
        let shown = self.link.iter().map(|agreement| {
            let LinkAgreement { name, ours, theirs, width } = agreement;
            let label = label(name);
            let json = json!({ "name": label, "ours": ours, "theirs": theirs, "width": width });
            ShownAgreement { label, lines: vec![format!("{ours} and {theirs}, {width} wide")], json }
        });
        shown.collect()
    }
}

/// The agreement that covers a pair, and with whom it is.
pub(super) fn covering<'a>(
    agreements: &'a Agreements,
    pair: &Pair,
) -> Option<(&'a Partner, &'a LinkAgreement)> {
    let partner = agreements.partner(pair.partner())?;
    let covers =
        |agreement: &&LinkAgreement| agreement.ours == *pair.ours() && agreement.theirs == *pair.theirs();
    partner.terms::<LinkTerms>()?.link.iter().find(covers).map(|agreement| (partner, agreement))
}
