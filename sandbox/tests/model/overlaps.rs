//! Address spaces that do not fit together.

use peerpact_sandbox::Tenant;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn networks_whose_spaces_overlap_cannot_be_peered() {
    let pair = pair().await;
    let twin = pair.fabrikam.network(Tenant::Fabrikam, "twin", &["10.0.8.0/24", "10.7.0.0/16"]).await;
    let refused = pair.contoso.put(&half(&pair.hub, "p"), &half_body(&twin)).await;
    let refused = refused.refused(400, "VnetAddressSpacesOverlap");
    assert!(
        refused.message().ends_with("Overlapping address prefixes: 10.0.0.0/16"),
        "{}",
        refused.message()
    );
    let itself = pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.hub)).await;
    itself.refused(400, "VnetAddressSpacesOverlap");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_overlaps_with_a_neighbour_of_the_other_is_refused_from_either_side() {
    let pair = connected_pair().await;
    // The same prefix as the spoke's: it may be peered with neither side of a peering that the spoke is in.
    let rival = pair.fabrikam.network(Tenant::Fabrikam, "rival", &["10.1.0.0/24"]).await;
    for (client, network, remote) in [(&pair.fabrikam, &rival, &pair.hub), (&pair.contoso, &pair.hub, &rival)]
    {
        let refused = client.put(&half(network, "p"), &half_body(remote)).await;
        let refused = refused.refused(400, "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet");
        assert!(refused.message().contains(&pair.spoke), "{}", refused.message());
        assert!(refused.message().contains("10.1.0.0/24"), "{}", refused.message());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peered_network_cannot_grow_into_its_peers_or_their_neighbours() {
    let pair = connected_pair().await;
    let leaf = pair.fabrikam.network(Tenant::Fabrikam, "leaf", &["10.2.0.0/16"]).await;
    pair.fabrikam.peer(&pair.spoke, "to-leaf", &leaf).await;
    let grow =
        async |prefix: &str| pair.contoso.put(&pair.hub, &network_body(&["10.0.0.0/16", prefix])).await;
    grow("10.1.128.0/17").await.refused(400, "VnetAddressSpacesOverlap");
    grow("10.2.0.0/24").await.refused(400, "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet");
    grow("10.3.0.0/16").await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_half_stands_in_nobodys_way() {
    let pair = connected_pair().await;
    pair.fabrikam.delete_to_end(&half(&pair.spoke, "to-hub")).await;
    assert_eq!(state(&pair.hubs_half().await).0, "Disconnected");
    let rival = pair.fabrikam.network(Tenant::Fabrikam, "rival", &["10.1.0.0/24"]).await;
    assert_eq!(state(&pair.contoso.peer(&pair.hub, "to-rival", &rival).await).0, "Initiated");
}
