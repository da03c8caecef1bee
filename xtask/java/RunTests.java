import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * Runs the JUnit 4 tests of a jar: all classes named `...Test`, or those whose name ends as the
 * second argument says. Prints `ok N name` or `not ok N name` for each test, because the summary of
 * JUnit's own runner does not count what it left out.
 */
public final class RunTests {
    public static void main(String[] arguments) throws Exception {
        String suffix = arguments.length > 1 ? arguments[1] : "Test";
        List<Class<?>> classes = new ArrayList<>();
        try (JarFile jar = new JarFile(arguments[0])) {
            jar.stream()
                .map(entry -> entry.getName())
                .filter(name -> name.endsWith(suffix + ".class") && !name.contains("$"))
                .sorted()
                .forEach(name -> classes.add(load(name)));
        }
        Lines lines = new Lines();
        JUnitCore core = new JUnitCore();
        core.addListener(lines);
        boolean passed = core.run(Request.classes(classes.toArray(new Class<?>[0]))).wasSuccessful();
        // Threads that a test left behind must not hold the program.
        System.exit(passed && lines.count > 0 ? 0 : 1);
    }

    private static Class<?> load(String entry) {
        try {
            String name = entry.substring(0, entry.length() - ".class".length());
            return Class.forName(name.replace('/', '.'));
        } catch (ClassNotFoundException error) {
            throw new IllegalStateException(error);
        }
    }

    private static final class Lines extends RunListener {
        private int count = 0;
        private Failure failure = null;
        private String skipped = null;

        @Override
        public void testStarted(Description test) {
            failure = null;
            skipped = null;
        }

        @Override
        public void testFailure(Failure found) {
            failure = found;
            // A class that cannot be set up fails outside any test, so nothing ends it.
            if (!found.getDescription().isTest()) {
                print(found.getDescription());
            }
        }

        @Override
        public void testAssumptionFailure(Failure found) {
            skipped = found.getMessage();
        }

        @Override
        public void testIgnored(Description test) {
            failure = null;
            skipped = "ignored";
            print(test);
        }

        @Override
        public void testFinished(Description test) {
            print(test);
        }

        private void print(Description test) {
            count += 1;
            String result = failure == null ? "ok" : "not ok";
            String note = failure == null && skipped != null ? " # SKIP " + skipped : "";
            System.out.println("\n" + result + " " + count + " " + test.getDisplayName() + note);
            if (failure != null) {
                failure.getTrace().lines().limit(12).forEach(line -> System.out.println("# " + line));
            }
        }
    }
}
