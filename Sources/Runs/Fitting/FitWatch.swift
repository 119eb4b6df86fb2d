import Generation
import Synchronization

/// Tells how far a fit has come, and keeps what is done for who interrupts it.
package final class FitWatch: Sendable {
  private struct State {
    var done: [String] = []
    /// What is known of quantities that are not done.
    var partly: [String: QuantityProfile] = [:]
    var begun: Set<String> = []
    var total = 0
    var lastTold = ContinuousClock.now
    var started = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let pause: Duration
  private let show: @Sendable (String) -> Void

  /// - Parameters:
  ///   - pause: how long to keep quiet between two lines.
  ///   - show: shows a line.
  package init(every pause: Duration, show: @escaping @Sendable (String) -> Void) {
    (self.pause, self.show) = (pause, show)
  }

  /// The fitting begins, of so many laws.
  package func begin(_ laws: Int) {
    state.withLock {
      $0.total = laws
      $0.started = ContinuousClock.now
    }
  }

  /// Takes what the fitter tells.
  package func told(_ progress: FitProgress) {
    switch progress {
    case .done(let quantity, let name):
      let text = "\n\(name)\n" + FitReport(quantity).text
      state.withLock {
        $0.done.append(text)
        $0.partly[name] = nil
      }
    case .partly(let quantity, let name):
      state.withLock { $0.partly[name] = quantity }
    case .fitting(let family, let name):
      let line = state.withLock { state -> String? in
        // A law that is tested is named twice.
        state.begun.insert("\(name)/\(family.rawValue)")
        let now = ContinuousClock.now
        guard now - state.lastTold > pause else { return nil }
        state.lastTold = now
        let share = Double(state.begun.count) / Double(max(state.total, 1))
        let seconds = (now - state.started).seconds
        let left = share < 1 ? ", about \(clock(seconds / share - seconds)) left" : ""
        return
          "fitting \(name): \(family.rawValue) (\(state.begun.count) of \(state.total) laws\(left))"
      }
      if let line { show(line) }
    }
  }

  /// What is done so far, for people; nil if that is nothing.
  package var partial: String? {
    let (done, partly) = state.withLock { ($0.done, $0.partly) }
    guard !done.isEmpty || !partly.isEmpty else { return nil }
    return "interrupted: what was fitted until then\n" + done.joined()
      + partly.sorted { $0.key < $1.key }.map { name, quantity in
        let tested = quantity.fits.count { $0.test != nil }
        let state = tested > 0 ? "\(tested) of \(quantity.fits.count) laws tested" : "not done"
        return "\n\(name), \(state)\n" + FitReport(quantity).text
      }.joined()
  }
}
