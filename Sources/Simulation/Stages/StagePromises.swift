/// Which executors of a stage, or of those that wait (-1), are promised where: a queue each, of numbers of stages or -1
/// for waiting.
struct StagePromises {
  private struct Link {
    var target: Int
    var count: Int
    var next: Int
  }

  private var links: [Link] = []
  private var unused = -1
  /// First and last link of each stage that has any.
  private var ends: [Int: (first: Int, last: Int)] = [:]

  mutating func add(_ target: Int, _ count: Int, of giver: Int) {
    let link = Link(target: target, count: count, next: -1)
    let place: Int
    if unused >= 0 {
      place = unused
      unused = links[place].next
      links[place] = link
    } else {
      place = links.count
      links.append(link)
    }
    if let (first, last) = ends[giver] {
      links[last].next = place
      ends[giver] = (first, place)
    } else {
      ends[giver] = (place, place)
    }
  }

  func first(of giver: Int) -> Int? { ends[giver].map { links[$0.first].target } }

  /// Takes one executor of the first promise; there is one.
  mutating func take(of giver: Int) -> Int {
    guard let (first, _) = ends[giver] else { return -1 }
    links[first].count -= 1
    let target = links[first].target
    if links[first].count == 0 { drop(of: giver) }
    return target
  }

  /// Takes out the whole first promise.
  mutating func drop(of giver: Int) {
    guard let (first, last) = ends[giver] else { return }
    if links[first].next < 0 { ends[giver] = nil } else { ends[giver] = (links[first].next, last) }
    links[first].next = unused
    unused = first
  }
}
