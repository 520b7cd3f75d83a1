//! `peerpact serve` as the Functions host meets it: a process, its environment, its port and its end.

#[cfg(test)]
mod process {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
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

    /// One sentence about this file, on stderr, and a failure, before anybody could have asked whether it is ready.
    #[track_caller]
    fn refused(command: Command, file: &Path, why: &str, fix: &str) {
        let output = ended(command);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        let told: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
        let [told] = told[..] else { panic!("{text}") };
        for part in [file.display().to_string().as_str(), why, fix] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!text.contains("listening"), "{text}");
    }

    /// What a process said that ends by itself, in time.
    fn ended(command: Command) -> Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let output = tokio::process::Command::from(command).kill_on_drop(true).output();
            tokio::time::timeout(START_MAX, output).await.expect("it ends at once").unwrap()
        })
    }

    fn serve_with(folder: &Path, variable: &str, value: &Path) -> Command {
        let mut command = serve(folder, free_port());
        command.env(variable, value);
        command
    }

    #[test]
    fn a_ledger_that_cannot_be_used_is_told_at_start() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("text.db"), "no database at all\n".repeat(100)).unwrap();
        let made = |name: &str, sql: &str| {
            rusqlite::Connection::open(path(name)).unwrap().execute_batch(sql).unwrap();
        };
        made("newer.db", "CREATE TABLE handshake (id TEXT); PRAGMA user_version = 9");
        made("invoices.db", "CREATE TABLE invoices (id TEXT)");
        for (name, why, fix) in [
            ("nowhere/ledger.db", "its folder does not exist", "make it, or name another file"),
            ("agreements", "it is a folder", "name a file in it"),
            ("text.db", "is not a database", "PEERPACT_LEDGER"),
            ("newer.db", "of format 9", "name another file"),
            ("invoices.db", "a database of something else", "PEERPACT_LEDGER"),
        ] {
            let file = path(name);
            refused(serve_with(folder.path(), "PEERPACT_LEDGER", &file), &file, why, fix);
        }
    }

    #[test]
    fn a_ledger_that_cannot_be_written_is_told_at_start() {
        let folder = folder();
        let file = folder.path().join("ledger.db");
        let mut served = serve(folder.path(), free_port());
        peerpact::ledger::SqliteLedger::new(&file).check().unwrap();
        set_mode(&file, 0o444);
        set_mode(folder.path(), 0o555);
        if std::fs::File::options().write(true).open(&file).is_ok() {
            // Nothing is read-only to root.
            served = as_nobody(served, folder.path());
        }
        refused(served, &file, "cannot be opened", "let this process");
        set_mode(folder.path(), 0o755);
    }

    #[test]
    fn a_disk_without_room_is_told_at_start() {
        let folder = folder();
        let file = folder.path().join("ledger.db");
        peerpact::ledger::SqliteLedger::new(&file).check().unwrap();
        // No file may grow, which is what a full disk comes to.
        let full = limited(&serve(folder.path(), free_port()), "trap '' XFSZ; ulimit -f 0");
        refused(full, &file, "cannot be opened", "has room");
    }

    #[test]
    fn certificates_that_cannot_be_used_are_told_at_start() {
        let folder = folder();
        let pem = "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n";
        for (name, content, why) in [
            ("missing.pem", None, "No such file"),
            ("empty.pem", Some(""), "no certificate in it"),
            ("text.pem", Some("not PEM"), "no certificate in it"),
            ("spoiled.pem", Some(pem), "cannot set up TLS"),
        ] {
            let file = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let command = serve_with(folder.path(), "PEERPACT_CA_BUNDLE", &file);
            refused(command, &file, why, "name one, or unset it");
        }
    }

    #[test]
    fn agreements_that_cannot_be_used_are_told_at_start() {
        let folder = folder();
        let missing = folder.path().join("nowhere");
        let command = serve_with(folder.path(), "PEERPACT_AGREEMENTS", &missing);
        refused(command, &missing, "No such file", "put this right");
        let spoiled = folder.path().join("agreements/contoso.toml");
        std::fs::write(&spoiled, "partner = ").unwrap();
        refused(serve(folder.path(), free_port()), &spoiled, "PEERPACT_AGREEMENTS", "put this right");
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The same command by a user who is not root.
    fn as_nobody(mut command: Command, folder: &Path) -> Command {
        const NOBODY: u32 = 65534;
        for path in [folder.to_owned(), folder.join("ledger.db")] {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
        command
    }

    /// The same command under limits that a shell sets.
    fn limited(command: &Command, limits: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limits}; exec \"$0\" serve")]).arg(command.get_program()).env_clear();
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    #[tokio::test]
    async fn a_locked_ledger_keeps_nobody_from_asking_whether_it_is_ready() {
        let (folder, port) = (folder(), free_port());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let child = serve(folder.path(), port).spawn().unwrap();
        ready(address).await;
        let holder = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        // Refused, which is written down; that waits for the lock.
        let waiting = async {
            let body = r#"{"Data":{"message":"bm8="},"Metadata":{}}"#;
            assert!(post(address, "ConnectionRequest", body).await.starts_with("HTTP/1.1 200 "));
        };
        let asked = async {
            for _ in 0..20 {
                assert!(ready(address).await.starts_with("HTTP/1.1 200 "));
            }
            holder.execute_batch("ROLLBACK").unwrap();
        };
        tokio::join!(waiting, asked);
        assert!(stop(child, "-TERM").status.success());
    }

    #[tokio::test]
    async fn connections_that_use_up_its_handles_do_not_make_it_deaf() {
        let (folder, port) = (folder(), free_port());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let child = limited(&serve(folder.path(), port), "ulimit -n 40").spawn().unwrap();
        ready(address).await;
        let mut idle = Vec::new();
        for _ in 0..100 {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(ready(address).await.starts_with("HTTP/1.1 200 "));
        drop(idle);
        assert!(stop(child, "-TERM").status.success());
    }
}
