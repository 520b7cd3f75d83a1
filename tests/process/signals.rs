//! Signals to this process; the other tests in it do not mind.

use peerpact::host;

#[tokio::test]
async fn sigterm_asks_for_a_stop() {
    let stop = host::stop_signal().unwrap();
    let own = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &own]).status().unwrap().success());
    stop.await;
}
