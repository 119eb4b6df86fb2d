import CPrefetch
import Workload

extension Cluster {
  /// Has fetched into the processor's cache what ``view(of:)`` and ``canTake(_:on:)`` read of these machines; negative
  /// numbers are none. For whoever turns between many clusters, which do not fit there together: what is read of a
  /// machine is scattered, and would come one after another. Without effect on any result.
  package func prefetch(_ machines: [Int32]) {
    for machine in machines where machine >= 0 {
      let machine = Int(machine)
      fetch(capacities, machine)
      fetch(states, machine)
      fetch(work, machine)
      fetch(flatPowers, machine)
      fetch(emptySince, machine)
      offers.prefetch(machine)
    }
  }
}

extension FitTree {
  /// Has fetched what a machine offers.
  func prefetch(_ index: Int) { fetch(offers, index) }
}

@inline(__always)
private func fetch<Element>(_ array: [Element], _ index: Int) {
  array.withUnsafeBufferPointer {
    cpf_fetch($0.baseAddress! + index, MemoryLayout<Element>.stride)
  }
}
