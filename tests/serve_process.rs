//! `peerpact serve` as the Functions host meets it: a process, its environment, its port and its end.

#[cfg(test)]
mod process {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::path::Path;
    use std::process::{Child, Command, Output, Stdio};
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

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

    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("agreements")).unwrap();
        std::fs::write(folder.path().join("agreements/contoso.toml"), AGREEMENT).unwrap();
        folder
    }

    fn serve(folder: &Path, port: u16) -> Command {
        let mut command = bare();
        command
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("AZURE_TENANT_ID", "79686033-97a2-4ebd-8e7d-0cae2c7df00e")
            .env("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
            .env("AZURE_CLIENT_SECRET", "s3cret")
            .env("PEERPACT_AGREEMENTS", folder.join("agreements"))
            .env("PEERPACT_LEDGER", folder.join("ledger.db"))
            .env("PEERPACT_SERVICE_BUS", "contoso.servicebus.windows.net")
            .env("PEERPACT_LOG", "trace");
        command
    }

    fn bare() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
        command.arg("serve").env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn free_port() -> u16 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
    }

    /// Asks until somebody listens, as the host does.
    async fn ready(address: SocketAddr) -> String {
        let asking = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            send(address, "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await
        };
        tokio::time::timeout(START_MAX, asking).await.expect("it listens in time")
    }

    async fn send(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn post(address: SocketAddr, function: &str, body: &str) -> String {
        let length = body.len();
        let head =
            format!("POST /{function} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}");
        send(address, &format!("{head}\r\n\r\n{body}")).await
    }

    fn stop(child: Child, signal: &str) -> Output {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        child.wait_with_output().unwrap()
    }

    #[tokio::test]
    async fn it_serves_on_the_hosts_port_on_127_0_0_1_only_and_ends_well_when_told_to() {
        for signal in ["-TERM", "-INT"] {
            let (folder, port) = (folder(), free_port());
            let child = serve(folder.path(), port).spawn().unwrap();
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            assert!(ready(address).await.starts_with("HTTP/1.1 200 "));
            TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port)).await.unwrap_err();
            for function in ["ResourceEvent", "StatusSweep", "Handshakes"] {
                let told = post(address, function, "{\"s3cret").await;
                assert!(told.starts_with("HTTP/1.1 200 ") && told.contains("never work"), "{told}");
            }
            assert!(post(address, "Nothing", "{}").await.starts_with("HTTP/1.1 404 "));

            let output = stop(child, signal);
            assert!(output.status.success(), "{output:?}");
            assert!(output.stdout.is_empty(), "{output:?}");
            let log = String::from_utf8(output.stderr).unwrap();
            assert_eq!(log.matches("this invocation can never work").count(), 3, "{log}");
            assert!(!log.contains("s3cret"), "{log}");
        }
    }

    #[test]
    fn without_its_environment_it_names_every_variable_and_fails() {
        let output = bare().output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        for variable in [
            "FUNCTIONS_CUSTOMHANDLER_PORT",
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_SECRET",
            "PEERPACT_AGREEMENTS",
            "PEERPACT_LEDGER",
        ] {
            assert!(text.contains(variable), "{variable}: {text}");
        }
    }

    #[test]
    fn a_port_that_somebody_else_has_is_named_and_it_fails() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let folder = folder();
        let output = serve(folder.path(), port).output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    }
}
