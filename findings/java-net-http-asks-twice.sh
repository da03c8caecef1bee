#!/bin/sh
# JDK 17 and later, java.net.http.WebSocket: where the connection ends before any answer to the
# opening handshake, one would guess that the handshake fails. It is sent once more over another
# connection, unseen by the program: a server that dies of a handshake, or counts them, has two.
# Needs `java` of a JDK in the place of npm.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Dial.java <<'JAVA'
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.TimeUnit;

public class Dial {
    public static void main(String[] arguments) throws Exception {
        var builder = HttpClient.newHttpClient().newWebSocketBuilder();
        var dialled = builder.buildAsync(URI.create(arguments[0]), new WebSocket.Listener() {});
        try {
            dialled.get(10, TimeUnit.SECONDS);
        } catch (Exception failed) {
            System.out.println("java " + Runtime.version() + ": " + failed.getCause());
        }
        System.exit(0);
    }
}
JAVA
cat > main.py <<'PY'
import socket
import subprocess
import sys
import threading

server = socket.create_server(("127.0.0.1", 0))
requests = 0


def serve():
    global requests
    while True:
        connection, _ = server.accept()
        requests += connection.recv(65536).startswith(b"GET ")
        connection.close()


threading.Thread(target=serve, daemon=True).start()
subprocess.run(["java", "Dial.java", f"ws://127.0.0.1:{server.getsockname()[1]}/"], check=True)
print(f"one handshake was wanted, {requests} came")
sys.exit(0 if requests == 2 else 1)
PY
python3 main.py
