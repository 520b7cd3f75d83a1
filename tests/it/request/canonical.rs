//! The form in which requests are kept and compared.

use peerpact::kinds::Kinds;
use peerpact::request::Request;
use peerpact_fixtures::id;
use serde_json::json;

use super::support::*;

#[test]
fn the_same_content_has_the_same_digest_however_it_is_written() {
    let document = with(peering(), "flags", json!({"forwardedTraffic": true}));
    let digest = taken(&document).digest();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let (ours, theirs) = (id("ours").to_string().to_uppercase(), format!("{}/", id("theirs")));
    let other = format!(
        "{{ \"flags\" : {{\"forwardedTraffic\":true}},\n\"theirs\":\"{theirs}\",\"ours\":\"{ours}\",\"action\":\"connect-peering\",\"id\":\"r-1\",\"version\":1.0}}"
    );
    assert_eq!(Request::parse(&Kinds::built_in(), other.as_bytes()).unwrap().digest(), digest);
    for (field, value) in [
        ("flags", json!({"forwardedTraffic": false})),
        ("flags", json!({})),
        ("theirs", json!(id("theirs-2"))),
        ("ours", json!(id("ours-2"))),
    ] {
        assert_ne!(taken(&with(document.clone(), field, value)).digest(), digest);
    }
    assert_eq!(taken(&with(peering(), "flags", json!({}))).digest(), taken(&peering()).digest());
    assert_ne!(taken(&recheck()).digest(), taken(&with(peering(), "id", json!("r-4"))).digest());
}

#[test]
fn the_canonical_form_is_this() {
    assert_eq!(
        taken(&with(peering(), "flags", json!({"gatewayTransit": false}))).to_json(),
        format!(
            "{{\"action\":\"connect-peering\",\"version\":1,\"id\":\"r-1\",\"ours\":\"{}\",\"theirs\":\"{}\",\"flags\":{{\"gatewayTransit\":false}}}}",
            id("ours"),
            id("theirs")
        )
    );
    assert_eq!(
        taken(&disconnect()).to_json(),
        format!(
            "{{\"action\":\"disconnect\",\"version\":1,\"id\":\"r-3\",\"half\":\"{}/virtualNetworkPeerings/to-theirs\"}}",
            id("ours")
        )
    );
}
