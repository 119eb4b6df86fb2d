import Fitting
import Foundation

/// What was learnt from a trace, or stated by hand: everything that synthetic tasks are drawn from.
///
/// A plain value, written as one readable JSON file. Times are in seconds, CPU in cores, memory in
/// GiB; every quantity names its unit, its sample sizes and how well its laws fit.
public struct WorkloadProfile: Codable, Sendable, Equatable {
  /// Version of this layout.
  public var version = 2
  /// Where it comes from.
  public var provenance: ProfileProvenance
  /// Seconds between the first and the last submission.
  public var span: Double
  /// All tasks together.
  public var all: ClassProfile
  /// Each priority class by its name; empty if classes were not told apart.
  public var classes: [String: ClassProfile]
  /// Share of the jobs in each priority class, by the class of a job's first task.
  public var classMix: [String: Share]
  /// Jobs that are alike, those of most jobs first; nil in older profiles, empty for too few jobs.
  public var kinds: [JobKind]?
  /// How jobs repeat those before them; nil where there are too few.
  public var repeats: RepeatProfile?
  /// How a user's jobs resemble those before them, as a check on repeats; nil where there are too few.
  public var sequence: SequenceProfile?
  /// How jobs that failed are submitted again; nil where nothing tells, and where none are.
  public var resubmissions: ResubmissionProfile?
  /// Spearman's correlation of the run times of a job's first two tasks; nil where there are too few.
  public var withinJobs: Double?
  /// What the tasks of jobs wait for; nil where the trace knows no dependencies within jobs.
  public var graphs: GraphProfile?
  /// What was running when the trace began, or within it; nil for nothing.
  public var standing: StandingProfile?
  /// The steps of the trace's clock; nil for none beyond the microsecond.
  public var ticks: ClockTicks?
  /// What each part was fitted to, how well it does and what it does not capture; nil in older profiles.
  public var card: [CardEntry]?

  /// Versions that are read. Version 1 has no kinds of jobs, repeats or standing population: what is made
  /// of it is what it was.
  package static let versions = 1...2
  /// What to say of another.
  package static let remedy =
    "expected 1 or 2: `tracemill fit TRACE -o PROFILE` of this version makes it anew"

  /// The profile as JSON: sorted keys, indented; infinite and undefined numbers as strings.
  public func json() throws -> Data { try Self.encoder.encode(self) + Data("\n".utf8) }

  /// How profiles are written.
  package static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  /// A profile from JSON; throws `DecodingError` with the path of what is wrong.
  public init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self = try decoder.decode(Self.self, from: json)
    guard Self.versions.contains(version) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "profile version \(version); \(Self.remedy)"))
    }
  }

  init(
    provenance: ProfileProvenance, span: Double, all: ClassProfile,
    classes: [String: ClassProfile], classMix: [String: Share]
  ) {
    self.provenance = provenance
    self.span = span
    self.all = all
    self.classes = classes
    self.classMix = classMix
  }
}

/// Where a profile comes from.
public struct ProfileProvenance: Codable, Sendable, Equatable {
  /// The input as the user named it.
  public var input: String
  /// SHA-256 of the input's bytes as stored, in hexadecimal; nil if it was not read from files.
  public var sha256: String?
  /// What was selected, as the options said it.
  public var filters: [String]
  /// Program and version.
  public var tool: String
  /// Seed of reservoirs and bootstraps.
  public var seed: UInt64
  /// What the reader should know.
  public var notes: [String]

  public init(
    input: String, sha256: String? = nil, filters: [String] = [], tool: String, seed: UInt64 = 1,
    notes: [String] = []
  ) {
    self.input = input
    self.sha256 = sha256
    self.filters = filters
    self.tool = tool
    self.seed = seed
    self.notes = notes
  }
}

/// A proportion with its uncertainty.
public struct Share: Codable, Sendable, Equatable {
  /// How many.
  public var count: Int
  /// Of the total, 0...1.
  public var share: Double
  /// √(p(1-p)/n).
  public var standardError: Double

  init(count: Int, of total: Int) {
    self.count = count
    share = total > 0 ? Double(count) / Double(total) : 0
    standardError = total > 0 ? (share * (1 - share) / Double(total)).squareRoot() : 0
  }
}

/// The tasks of one priority class, or of all.
public struct ClassProfile: Codable, Sendable, Equatable {
  /// How many tasks.
  public var tasks: Int
  /// How many jobs.
  public var jobs: Int
  /// Run time of a task in seconds; still running ones are right-censored.
  public var runTime: QuantityProfile
  /// CPU requested by a task, in cores.
  public var cpu: QuantityProfile
  /// Memory requested by a task, in GiB.
  public var memory: QuantityProfile
  /// Tasks of a job.
  public var jobSize: QuantityProfile
  /// When jobs come.
  public var arrivals: ArrivalProfile
  /// How tasks end, by outcome.
  public var outcomes: [String: Share]
  /// Spearman's rank correlations of a task's run time, CPU and memory.
  public var rankCorrelations: RankCorrelations

  /// The four quantities by the names the command line uses.
  public var quantities: [(name: String, profile: QuantityProfile)] {
    [("run-time", runTime), ("cpu", cpu), ("memory", memory), ("job-size", jobSize)]
  }
}

/// Spearman's rank correlations between the quantities of a task; nil where one of the two does not
/// vary.
public struct RankCorrelations: Codable, Sendable, Equatable {
  /// Between run time and CPU request.
  public var runTimeCPU: Double?
  /// Between run time and memory request.
  public var runTimeMemory: Double?
  /// Between CPU and memory request.
  public var cpuMemory: Double?
  /// How many tasks with at least two of the three known they are computed from, each pair from those
  /// that tell both.
  public var sampleSize: Int
}

/// What is known of one number that tasks or jobs have.
public struct QuantityProfile: Codable, Sendable, Equatable {
  /// Its unit: "s", "cores", "GiB", "tasks".
  public var unit: String
  /// How many values were usable: finite, positive and exactly known.
  public var count: Int
  /// How many were right-censored.
  public var censored: Int
  /// Where some are right-censored: mean and median with these counted, by Kaplan and Meier, of the
  /// values that the fits were made from. Nil elsewhere; the figures below are of the exact values alone.
  public var kaplanMeier: ProductLimit?
  /// How many the trace does not tell.
  public var unknown: Int
  /// What was left out for being no positive number.
  public var screened: Screening
  /// The scale that the values were recorded on (whole seconds), where one was detected.
  public var scale: Binning?
  /// Whether the fits are of the intervals that values on ``scale`` stand for; nil for no.
  public var fitsIntervals: Bool?
  /// Mean of the usable values.
  public var mean: Double
  /// Standard deviation of the usable values.
  public var standardDeviation: Double
  /// Least usable value.
  public var minimum: Double
  /// Greatest usable value.
  public var maximum: Double
  /// Quantiles of all usable values, each within `quantileError` in relative terms.
  public var quantiles: [Quantile]
  /// Relative error of the quantiles.
  public var quantileError: Double
  /// The distinct values with their counts where there are at most 256: requests are often picked
  /// from a short list, and then this, not a continuous law, describes them.
  public var atoms: [Atom]?
  /// 1,001 quantiles at equal distances from the least value to the greatest, of the values the fits
  /// were made from (Kaplan and Meier's where some are censored): the data's own law, for generation.
  /// Nil where ``atoms`` say it all, or there are fewer than two values.
  public var empirical: [Double]?
  /// How many values (exact and censored) the fits were made from: all, or a uniform sample.
  public var sampleSize: Int
  /// Fitted laws, best first by AIC.
  public var fits: [FittedLaw]
  /// Closed-form fits over all values where `sampleSize` is not all of them.
  public var streamed: [Fit]
  /// Why a family has no fit.
  public var failures: [FitFailure]
  /// The power law of the tail, if it was searched for and there is one.
  public var tail: TailProfile?

  /// What the product-limit estimate says.
  public struct ProductLimit: Codable, Sendable, Equatable {
    /// Mean, up to the greatest observation.
    public var mean: Double
    /// Median; nil where more than half are above the greatest exact value.
    public var median: Double?
  }

  /// A quantile.
  public struct Quantile: Codable, Sendable, Equatable {
    /// Probability.
    public var p: Double
    /// Value.
    public var value: Double
  }

  /// A distinct value.
  public struct Atom: Codable, Sendable, Equatable {
    /// The value.
    public var value: Double
    /// How often it occurs.
    public var count: Int
  }

  /// A family that was tried in vain.
  public struct FitFailure: Codable, Sendable, Equatable {
    /// Which.
    public var family: Family
    /// Why.
    public var reason: String
  }
}

/// A fitted law with its distances.
public struct FittedLaw: Codable, Sendable, Equatable {
  /// The fit: law, parameters with standard errors, likelihood.
  public var fit: Fit
  /// Akaike's criterion.
  public var aic: Double
  /// Schwarz's criterion.
  public var bic: Double
  /// Kolmogorov-Smirnov distance; from the Kaplan-Meier estimate if there are censored values.
  public var kolmogorovSmirnov: Double
  /// Anderson-Darling's A², likewise.
  public var andersonDarling: Double
  /// Cramér-von Mises's W², likewise.
  public var cramerVonMises: Double
  /// p-values by parametric bootstrap, if asked for.
  public var test: GoodnessOfFitTest?
  /// 95 % intervals of the parameters by the nonparametric bootstrap, if asked for.
  public var bootstrapIntervals: [ParameterInterval]?
}

/// The power law of a tail with its p-value and the alternatives.
public struct TailProfile: Codable, Sendable, Equatable {
  /// Where it begins.
  public var xmin: Double
  /// Exponent of the density.
  public var exponent: Double
  /// Standard error of the exponent, and of the shape.
  public var standardError: Double
  /// Pareto shape, exponent - 1.
  public var shape: Double
  /// Kolmogorov-Smirnov distance.
  public var distance: Double
  /// How many values it holds.
  public var tailCount: Int
  /// How many values were searched.
  public var count: Int
  /// p-value of the power law, if asked for.
  public var pValue: BootstrapPValue?
  /// The likelihood-ratio tests.
  public var comparisons: [TailComparison]
  /// Their verdicts in words, and what must be said beside the numbers.
  public var verdicts: [String]
  /// See `verdicts`.
  public var warnings: [String]
}

/// When jobs come.
public struct ArrivalProfile: Codable, Sendable, Equatable {
  /// Jobs seen to arrive.
  public var count: Int
  /// Jobs that were there before the trace.
  public var beforeTrace: Int
  /// Jobs a second, between the first and the last arrival.
  public var rate: Double
  /// Its standard error as if arrivals were Poisson; bursts make the true one √dispersion greater.
  public var rateStandardError: Double
  /// Arrival rate in each hour of the trace's day over the mean rate; null for hours not covered.
  /// The trace's clock need not start at midnight.
  public var hourOfDay: [Double?]
  /// The same for each day of the trace's week.
  public var dayOfWeek: [Double?]
  /// Counts in windows of doubling length: index of dispersion = variance / mean.
  public var windows: [ArrivalCounter.WindowStatistics]
  /// A two-state process, where arrivals are burstier than Poisson.
  public var mmpp2: MMPP2?
  /// Cycles and bursts on several time scales; nil in older profiles, of single classes, and for fewer than
  /// 200 jobs.
  public var cascade: CascadeProfile?
}
