/// A line: the first in is the first out.
struct Fifo<Element: Sendable>: Sendable {
    /// Those before `head` have left.
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }

    mutating func append(_ item: Element) {
        items.append(item)
    }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let item = items[head]
        items[head] = nil
        head += 1
        // The room of those who left is given back once it is half of all.
        if 2 * head >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}
