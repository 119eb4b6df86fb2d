// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "tracemill",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "tracemill", targets: ["tracemill"]),
    .library(name: "Workload", targets: ["Workload"]),
    .library(name: "WorkloadTestKit", targets: ["WorkloadTestKit"]),
    .library(name: "TraceTestKit", targets: ["TraceTestKit"]),
    .library(name: "Parquet", targets: ["Parquet"]),
    .library(name: "Fitting", targets: ["Fitting"]),
    .library(name: "Diagnostics", targets: ["Diagnostics"]),
    .library(name: "Tables", targets: ["Tables"]),
    .library(name: "TraceInput", targets: ["TraceInput"]),
    .library(name: "TraceParsing", targets: ["TraceParsing"]),
    .library(name: "Configuration", targets: ["Configuration"]),
    .library(name: "Generation", targets: ["Generation"]),
    .library(name: "Simulation", targets: ["Simulation"]),
    .library(name: "Experiments", targets: ["Experiments"]),
    .library(name: "MARL", targets: ["MARL"]),
    .library(name: "ExternalSchedulers", targets: ["ExternalSchedulers"]),
    .library(name: "KubeExtender", targets: ["KubeExtender"]),
    .library(name: "KubeObjects", targets: ["KubeObjects"]),
    .library(name: "KubeRules", targets: ["KubeRules"]),
    .library(name: "TracemillC", type: .dynamic, targets: ["TracemillC"]),
    .library(name: "Runs", targets: ["Runs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
    .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.0")),
    .package(
      url: "https://github.com/HdrHistogram/hdrhistogram-swift", .upToNextMinor(from: "0.2.0")),
    .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.0")),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", .upToNextMinor(from: "1.5.0")),
  ],
  targets: [
    // The floors, and what imports what, are in docs/architecture.md; a test compares.
    // L0: what everything stands on.
    .target(name: "Workload", exclude: ["README.md"]),
    // Text of inputs in languages that are generated: HTML, gnuplot, LaTeX, CSV, a terminal.
    .target(name: "Quoting", exclude: ["README.md"]),
    // What went wrong, and where.
    .target(name: "Diagnostics", dependencies: ["Quoting"], exclude: ["README.md"]),
    .target(
      name: "Fitting", dependencies: ["CVectorMath", "PortableMath"], exclude: ["README.md"]),
    .target(name: "CVectorMath"),
    .target(name: "CPrefetch"),
    // Files that are part of the program, wherever it is moved to.
    .target(name: "CShipped"),
    .target(name: "ShippedFiles", dependencies: ["CShipped"], exclude: ["README.md"]),
    .target(name: "PortableMath", dependencies: ["CVectorMath"], exclude: ["README.md"]),
    .target(
      name: "Configuration",
      dependencies: ["Quoting", "Workload", .product(name: "Yams", package: "Yams")],
      exclude: ["README.md"]),
    .target(name: "Parquet", dependencies: ["CISAL", "CZstd"], exclude: ["README.md"]),
    .systemLibrary(
      name: "CLibArchive", pkgConfig: "libarchive",
      providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
    .systemLibrary(name: "CLibCSV", providers: [.apt(["libcsv-dev"]), .brew(["libcsv"])]),
    .systemLibrary(
      name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"]), .brew(["isa-l"])]),
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    // Databases of our own, and tables in those of others.
    .target(name: "SQLite", dependencies: ["CSQLite"], exclude: ["README.md"]),
    // A C face for simdjson, which is C++ (apt: libsimdjson-dev, brew: simdjson).
    .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),

    .target(name: "CIngest"),

    // Numbered jobs on several threads, results in order.
    .target(name: "Threads", dependencies: ["Diagnostics"], exclude: ["README.md"]),
    // Typed columns to Parquet and CSV files that appear when they are complete.
    .target(
      name: "Tables",
      dependencies: ["Diagnostics", "Parquet", "Quoting", "Threads", "CLibArchive", "CTracemill"],
      exclude: ["README.md"]),

    // Archives, inflating, rows and tables that are read.
    .target(
      name: "TraceInput",
      dependencies: [
        "Diagnostics", "Parquet", "Quoting", "SQLite", "Tables", "Threads", "Workload", "CIngest",
        "CISAL", "CLibArchive", "CLibCSV", "CSimdJSON",
      ], exclude: ["README.md"]),

    // L1: siblings that meet only in Workload.
    .target(
      name: "TraceParsing",
      dependencies: [
        "Configuration", "Diagnostics", "Parquet", "Quoting", "ShippedFiles", "Tables", "Threads",
        "SQLite", "TraceInput", "Workload", "CCrypto", "CIngest", "CTracemill", "KubeObjects",
      ], exclude: ["README.md", "Presets"]),
    .target(
      name: "Generation",
      dependencies: [
        "Workload", "Fitting", "Configuration", "CVectorMath", "PortableMath", "ShippedFiles",
        "Threads",
      ],
      exclude: ["README.md", "Profiles"]),
    .target(
      name: "Simulation",
      dependencies: [
        "CPrefetch", "PortableMath", "Workload",
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      exclude: ["README.md"]),

    // L2: what is made of the siblings.
    .target(
      name: "Experiments",
      dependencies: [
        "CCrypto", "Configuration", "Simulation", "SQLite", "Workload", "Fitting", "Quoting",
        "ShippedFiles", "CSQLite",
      ], exclude: ["README.md", "Shipped"]),
    .target(
      name: "MARL",
      dependencies: ["PortableMath", "ShippedFiles", "Simulation", "Workload", "CNeural"],
      exclude: ["README.md"]),
    .target(name: "CNeural", dependencies: ["CVectorMath"]),

    // What Kubernetes says: quantities, pods, nodes, selectors, and the extender's bodies.
    .target(name: "KubeObjects", exclude: ["README.md"]),
    // What Kubernetes asks of a placement, its plugins' scores, and a view of nodes and pods.
    .target(name: "KubeRules", dependencies: ["KubeObjects"], exclude: ["README.md"]),
    // An extender's answers; its HTTP server is in Kubernetes/.
    .target(
      name: "KubeExtender", dependencies: ["KubeObjects", "KubeRules"], exclude: ["README.md"]),

    // Schedulers that are not Swift: shared objects, programs, a caller's functions.
    .target(name: "CTracemill"),
    .target(
      name: "ExternalSchedulers", dependencies: ["CTracemill", "Simulation", "Workload"],
      exclude: ["README.md"]),

    // The conformance checker that every workload source is run through.
    .target(name: "WorkloadTestKit", dependencies: ["Workload"], exclude: ["README.md"]),
    // The same of every trace format.
    .target(
      name: "TraceTestKit",
      dependencies: ["Diagnostics", "TraceInput", "TraceParsing", "Workload", "WorkloadTestKit"],
      exclude: ["README.md"]),

    // L3: the only composition root. What names stand for, and whole runs.
    .target(
      name: "Runs",
      dependencies: [
        "Configuration", "Diagnostics", "Experiments", "ExternalSchedulers",
        "Fitting", "Generation", "KubeObjects", "KubeRules", "MARL", "Quoting",
        "Simulation", "Tables", "TraceInput", "TraceParsing", "Workload",
        .product(name: "Logging", package: "swift-log"),
      ], exclude: ["README.md"]),

    // L4: the face for C, and so for Python and all others (Sources/CTracemill/include/tracemill.h).
    .target(
      name: "TracemillC",
      dependencies: [
        "CTracemill", "Configuration", "Diagnostics", "Experiments", "ExternalSchedulers",
        "Fitting",
        "Generation", "Runs", "Simulation", "Tables", "TraceInput", "TraceParsing", "Workload",
      ], exclude: ["README.md"]),

    // L4: the command line.
    .executableTarget(
      name: "tracemill",
      dependencies: [
        "Configuration", "Diagnostics", "Experiments", "ExternalSchedulers", "Fitting",
        "Generation",
        "MARL", "Quoting",
        "Runs", "Simulation", "Tables", "TraceInput", "TraceParsing", "Workload",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .testTarget(
      name: "WorkloadTests", dependencies: ["Workload", "WorkloadTestKit", "Generation"]),
    .testTarget(name: "QuotingTests", dependencies: ["Quoting", "TestSupport"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"]),
    .testTarget(name: "ParquetTests", dependencies: ["Parquet"]),
    .testTarget(name: "PortableMathTests", dependencies: ["PortableMath"]),
    .testTarget(
      name: "FittingTests", dependencies: ["Fitting", "CVectorMath", "Generation", "Workload"]),
    .testTarget(
      name: "TraceParsingTests",
      dependencies: [
        "Configuration", "Diagnostics", "Parquet", "SQLite", "Tables", "Threads", "TraceInput",
        "TraceParsing", "Workload", "WorkloadTestKit", "TestSupport", "TraceTestKit",
      ]),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["Simulation", "Workload", "WorkloadTestKit", "Generation"]),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "CSQLite", "Configuration", "Experiments", "SQLite", "Simulation", "Generation", "Workload",
        "TestSupport",
      ]),
    .testTarget(
      name: "GenerationTests",
      dependencies: ["Generation", "Fitting", "Workload", "WorkloadTestKit", "CVectorMath"]),
    .testTarget(
      name: "MARLTests",
      dependencies: ["MARL", "Simulation", "Workload", "Generation", "CNeural", "CNeuralPlain"]),
    // The kernels of CNeural as they are for a processor without wide vectors.
    .target(
      name: "CNeuralPlain", dependencies: ["CNeural", "CVectorMath"], path: "Tests/CNeuralPlain"),
    .testTarget(
      name: "KubernetesTests",
      dependencies: ["KubeExtender", "KubeObjects", "KubeRules", "TestSupport"]),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Configuration", "Diagnostics", "Experiments", "Fitting", "Parquet", "Runs", "Simulation",
        "TestSupport",
        "TraceInput", "TraceParsing", "Workload", "WorkloadTestKit",
      ]),
    .testTarget(
      name: "TracemillTests",
      dependencies: [
        "tracemill", "Runs", "Configuration", "Experiments", "Simulation", "TestSupport",
      ]),
    .testTarget(
      name: "RobustnessTests",
      dependencies: [
        "TraceInput", "TraceParsing", "Tables", "Diagnostics", "Parquet", "Simulation",
        "Generation",
        "Fitting", "Experiments", "MARL", "Configuration", "Workload", "TestSupport",
      ], exclude: ["Corpus"]),
    .target(name: "TestSupport", dependencies: ["CLibArchive"], path: "Tests/TestSupport"),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

// Tests run over debug builds. In these modules they compute: without the optimiser the suite takes several
// times as long. What only a debug build checks, such as bounds of unsafe buffers, is checked all the same.
let optimised: Set = [
  "Workload", "Quoting", "Configuration", "PortableMath", "Fitting", "Parquet", "Generation",
  "Simulation", "Experiments", "MARL", "TraceInput", "TraceParsing",
]
let optimisedC: Set = ["CVectorMath", "CNeural", "CIngest", "CSimdJSON"]
// Older package managers refuse such flags in a package that another one asks for by version.
let isFetched = Context.packageDirectory.contains("/checkouts/")
for target in package.targets where !isFetched {
  if optimised.contains(target.name) {
    var flags = ["-O", "-assert-config", "Debug"]
    // Its likelihoods are generic, in files of their own: they are specialised where all files are seen.
    if target.name == "Fitting" { flags += ["-wmo", "-num-threads", "2", "-disable-batch-mode"] }
    target.swiftSettings = [.unsafeFlags(flags, .when(configuration: .debug))]
  }
  if optimisedC.contains(target.name) {
    target.cSettings = [.unsafeFlags(["-O2"], .when(configuration: .debug))]
    target.cxxSettings = [.unsafeFlags(["-O2"], .when(configuration: .debug))]
  }
}

// The fuzzing targets, which only tools/fuzz builds: everything with libFuzzer's counters in it. What
// they do with an input is a file of the tests, which try it on what was found.
if Context.environment["TRACEMILL_FUZZ"] != nil {
  package.targets.removeAll { $0.name == "RobustnessTests" }
  package.targets += [
    .target(
      name: "FuzzTargets",
      dependencies: [
        "TraceInput", "TraceParsing", "Tables", "Diagnostics", "Parquet", "Configuration",
        "Generation", "Simulation", "Experiments", "MARL", "Workload",
      ], path: "Tests/RobustnessTests",
      exclude: ["Corpus"], sources: ["FuzzTargets.swift"]),
    .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Fuzz"),
  ]
}
