import Foundation
import TestSupport
import Testing

/// Workloads do not depend on the platform's mathematical library.
@Suite struct PortabilityTests {
  private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// A library whose functions are wrong by one in a million.
  private static let library = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #define ONE(name) double name(double x) { return \\
      ((double (*)(double))dlsym(RTLD_NEXT, #name))(x) * 1.000001; }
    ONE(exp) ONE(log) ONE(log1p) ONE(expm1) ONE(sin) ONE(cos) ONE(erfc) ONE(erf) ONE(lgamma)
    ONE(tgamma) ONE(exp2) ONE(log2) ONE(sinh) ONE(cosh) ONE(tanh)
    double pow(double x, double y) {
      return ((double (*)(double, double))dlsym(RTLD_NEXT, "pow"))(x, y) * 1.000001;
    }
    """

  /// Every family, truncated and clamped, with a load, correlations, bursts and a daily curve.
  private static let scenario = """
    tasks: 2000
    load: {target: 0.7, cores: 1250}
    arrivals:
      rate: 1
      mmpp: {busyRate: 5, quietRate: 1, leavingBusy: 0.01, leavingQuiet: 0.005}
      daily: {amplitude: 0.6, peakHour: 14}
    classes:
      - name: a
        share: 0.25
        runTime: {family: gamma, shape: 0.7, scale: 100}
        cpu: {family: lognormal, mu: 0.5, sigma: 0.8, truncate: [0.5, 8]}
        memory: {family: truncated-power-law, exponent: 1.3, rate: 0.1, scale: 0.5}
      - name: b
        share: 0.25
        runTime: {family: generalized-pareto, shape: 0.6, scale: 100, location: 0}
        cpu: {family: weibull, shape: 0.7, scale: 2, truncate: [0.1, 16]}
        memory: {family: gamma, shape: 3, scale: 1, truncate: [1, 9]}
      - name: c
        share: 0.25
        runTime: {family: pareto, shape: 1.6, scale: 10, clamp: [10, 5000]}
        cpu: {family: log-logistic, shape: 2.5, scale: 1}
        memory: {family: exponential, rate: 0.5}
        correlations: {runTimeCPU: 0.4, runTimeMemory: 0.1, cpuMemory: 0.6}
        deadlineFactor: 2
      - name: d
        share: 0.25
        runTime: {family: generalized-pareto, shape: -0.2, scale: 100, location: 5}
        cpu: {family: uniform, lower: 0.5, upper: 4}
        memory: 2
        jobSize: {family: exponential, rate: 0.2}
        outcomes: {finished: 0.6, killed: 0.4}
        attempts: {family: exponential, rate: 0.7}
    """

  @Test(.enabled(if: compiler != nil, "needs a C compiler"))
  func `another mathematical library gives the same bytes`() throws {
    let folder = TemporaryFolder()
    let source = folder.path + "/library.c"
    let library = folder.path + "/library.so"
    try Self.library.write(toFile: source, atomically: true, encoding: .utf8)
    let made = try run(
      try #require(Self.compiler),
      ["-O1", "-fno-builtin", "-shared", "-fPIC", source, "-o", library, "-ldl"])
    try #require(made.status == 0)
    let scenario = folder.path + "/laws.yaml"
    try Self.scenario.write(toFile: scenario, atomically: true, encoding: .utf8)
    for workload in [scenario, "study"] {
      var bytes: [Data] = []
      for preload in ["", library] {
        let out = folder.path + "/out-\(bytes.count).csv"
        let result = try run(
          "/usr/bin/env",
          [
            "LD_PRELOAD=\(preload)", tracemill, "generate", workload, "--tasks", "500", "-q", "-o",
            out,
          ])
        try #require(result.status == 0)
        bytes.append(try Data(contentsOf: URL(fileURLWithPath: out)))
      }
      #expect(bytes[0] == bytes[1] && bytes[0].count > 10_000, "\(workload)")
    }
    // The library is not idle: Python, which uses the platform's, comes out different.
    let results = try ["", library].map {
      try run(
        "/usr/bin/env", ["LD_PRELOAD=\($0)", "python3", "-c", "import math; print(math.exp(1))"])
    }
    #expect(results[0].output != results[1].output && results.allSatisfy { $0.status == 0 })
  }
}
