package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.NodeId;
import dev.lockstep.replica.Problems;
import dev.lockstep.replica.Scrub;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Has every node read all its files again, and gathers how that goes. Thread-safe.
final class DeepVerify {
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final String START = "start";
    private static final String LOOK = "look";

    private final NodeId self;
    private final Scrub scrub;
    private final PeerQuestions questions;

    DeepVerify(NodeId self, Scrub scrub, PeerQuestions questions) {
        this.self = self;
        this.scrub = scrub;
        this.questions = questions;
    }

    /// Begins on all nodes that can be reached; a run that is under way goes on.
    void start() throws InterruptedException {
        scrub.start();
        var _ = questions.answers(PeerQuestions.DEEP, Bytes.utf8(START), ASK_TIMEOUT);
    }

    /// @return how it stands on every member that answers, when all have finished or the time is over
    List<DeepState> await(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        List<DeepState> states = states();
        while (states.stream().anyMatch(DeepState::running) && System.nanoTime() - deadline < 0) {
            Thread.sleep(LOOK_EVERY);
            states = states();
        }
        return states;
    }

    private List<DeepState> states() throws InterruptedException {
        List<DeepState> states = new ArrayList<>(List.of(own()));
        for (Map.Entry<NodeId, Bytes> answer : questions
                .answers(PeerQuestions.DEEP, Bytes.utf8(LOOK), ASK_TIMEOUT)
                .entrySet()) {
            try {
                states.add(decode(answer.getKey(), answer.getValue()));
            } catch (IOException | RuntimeException strange) {
                states.add(unknown(answer.getKey(), String.valueOf(strange.getMessage())));
            }
        }
        return states;
    }

    private static DeepState unknown(NodeId node, String reason) {
        List<NodeStatus.Problem> problem = List.of(new NodeStatus.Problem("", reason));
        return new DeepState(node.value(), false, 0, 0, 0, List.of(), problem, false);
    }

    /// Answers a peer.
    Bytes serve(Bytes request) {
        if (request.toUtf8().equals(START)) {
            scrub.start();
        }
        return encode(own());
    }

    private DeepState own() {
        Scrub.Progress now = scrub.progress();
        return new DeepState(
                self.value(),
                now.isRunning(),
                now.files(),
                now.filesTotal(),
                now.bytes(),
                problems(now.damaged()),
                problems(now.unreadable()),
                now.isAllRepaired() && now.unreadable().isEmpty());
    }

    private static List<NodeStatus.Problem> problems(List<Problems.Problem> found) {
        return found.stream()
                .map(problem -> new NodeStatus.Problem(problem.path().toString(), problem.reason()))
                .toList();
    }

    /// A line of numbers, then a line for each file, with a tab before the reason.
    static Bytes encode(DeepState state) {
        StringBuilder text = new StringBuilder();
        text.append(state.running())
                .append(' ')
                .append(state.files())
                .append(' ')
                .append(state.filesTotal());
        text.append(' ').append(state.bytes()).append(' ').append(state.good());
        state.damaged()
                .forEach(one ->
                        text.append("\nd").append(one.path()).append('\t').append(one.reason()));
        state.unreadable()
                .forEach(one ->
                        text.append("\nu").append(one.path()).append('\t').append(one.reason()));
        return Bytes.utf8(text.toString());
    }

    static DeepState decode(NodeId node, Bytes bytes) throws IOException {
        List<String> lines = bytes.toUtf8().lines().toList();
        String[] words = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ");
        if (words.length != 5) {
            throw new IOException("not an answer");
        }
        return new DeepState(
                node.value(),
                Boolean.parseBoolean(words[0]),
                Long.parseLong(words[1]),
                Long.parseLong(words[2]),
                Long.parseLong(words[3]),
                problems(lines, 'd'),
                problems(lines, 'u'),
                Boolean.parseBoolean(words[4]));
    }

    private static List<NodeStatus.Problem> problems(List<String> lines, char kind) {
        return lines.stream()
                .skip(1)
                .filter(line -> line.charAt(0) == kind && line.indexOf('\t') > 0)
                .map(line -> new NodeStatus.Problem(
                        line.substring(1, line.indexOf('\t')), line.substring(line.indexOf('\t') + 1)))
                .toList();
    }
}
