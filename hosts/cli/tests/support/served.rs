//! `serve` as a child process that ends with its test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    output: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

impl Served {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", args)
    }

    /// The same at an address that another has had.
    pub(crate) fn start_at(listen: &str, args: &[&str]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_pamlink")), listen, args)
    }

    /// The same after a line of the shell, such as `ulimit -n 200`.
    pub(crate) fn start_after(line: &str, args: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{line}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_pamlink")]);
        Self::run(shell, "127.0.0.1:0", args)
    }

    fn run(mut command: Command, listen: &str, args: &[&str]) -> Self {
        let mut child = command
            .args(["serve", "--listen", listen])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let errors = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let address = address(&mut output, "listening on ");
        Self { child, address, output, errors }
    }

    /// The address in its next line on standard output, which begins so.
    pub(crate) fn address(&mut self, begins: &str) -> SocketAddr {
        address(&mut self.output, begins)
    }

    pub(crate) fn get(&self, target: &str) -> (u16, String) {
        get(self.address, target)
    }

    pub(crate) fn ask(&self, request: &str) -> (u16, String) {
        let (status, _, body) = ask(self.address, request);
        (status, body)
    }

    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(killed.expect("kill is there").success());
    }

    /// The next line on standard error that contains `part`.
    pub(crate) fn said(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.errors.read_line(&mut line).expect("it prints");
            assert!(read > 0, "ended before it said {part:?}");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that is left on standard error, once it has ended.
    pub(crate) fn rest(&mut self) -> String {
        self.child.kill().expect("it runs");
        let mut rest = String::new();
        self.errors.read_to_string(&mut rest).expect("it prints text");
        rest
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(output: &mut BufReader<ChildStdout>, begins: &str) -> SocketAddr {
    let mut line = String::new();
    output.read_line(&mut line).expect("it prints");
    let url = line.trim().strip_prefix(begins).expect("the line with the address");
    let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    address.and_then(|address| address.parse().ok()).expect("an address")
}

pub(crate) fn get(address: SocketAddr, target: &str) -> (u16, String) {
    let (status, _, body) =
        ask(address, &format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    (status, body)
}

/// Status, head and body of the answer.
pub(crate) fn ask(address: SocketAddr, request: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), head.to_owned(), body.to_owned())
}
