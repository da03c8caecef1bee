// Asks at the first argument with the token behind it, and prints the answer as it was read.

import dev.pamlink.Client;
import dev.pamlink.ClientConfig;
import kotlin.Unit;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlinx.coroutines.BuildersKt;

class Chat {
    private static String read = "";

    public static void main(String[] given) throws InterruptedException {
        try (var client = new Client(given[0], (need, then) -> given[1], new ClientConfig(), null)) {
            var answer = client.ask(given[2], null, null, null, null);
            BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, (scope, then) -> answer.collect((piece, next) -> {
                read = piece.getRestart() ? piece.getText() : read + piece.getText();
                return Unit.INSTANCE;
            }, then));
        }
        System.out.print(read);
    }
}
