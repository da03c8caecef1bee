package dev.pamlink.sansio

/** What [FrameCodec] reads. */
public sealed interface FrameEvent : Output {
    /** A text message. */
    public data class Text(
        /** The message. */
        val text: String,
    ) : FrameEvent

    /** A binary message. */
    public class Binary(
        /** The message. */
        public val bytes: ByteArray,
    ) : FrameEvent

    /** A ping. */
    public class Ping(
        /** What the pong has to repeat. */
        public val bytes: ByteArray,
    ) : FrameEvent

    /** A pong. */
    public class Pong(
        /** What it repeats. */
        public val bytes: ByteArray,
    ) : FrameEvent

    /** The close frame: nothing follows. */
    public data class Close(
        /** Its code. */
        val code: Int?,
        /** Its reason. */
        val reason: String,
    ) : FrameEvent

    /** The peer broke RFC 6455: nothing follows. */
    public data class Failed(
        /** The close code that says so. */
        val closeCode: Int,
        /** The name of the fault. */
        val error: String,
        /** What is wrong, for people. */
        val message: String,
    ) : FrameEvent
}
