/**
 * Prints the Homebrew formula of a release.
 *
 *   deno run .github/release/formula.ts OWNER/REPOSITORY VERSION < SHA256SUMS
 *
 * @module
 */

/**
 * Writes the formula.
 *
 * @param repository `owner/name` on GitHub, where the release is.
 * @param sums The text of SHA256SUMS.
 * @throws {Error} If a target of macOS or Linux has no sum.
 */
export function homebrewFormula(repository: string, version: string, sums: string): string {
  const source = (target: string) => {
    const file = `triton-${target}.tar.gz`;
    const [, sum] = new RegExp(`^([0-9a-f]{64})  ${file}$`, "m").exec(sums) ?? [];
    if (sum === undefined) throw new Error(`Cannot write the formula: no sum of ${file}`);
    const url = `https://github.com/${repository}/releases/download/v${version}/${file}`;
    return `      url "${url}"\n      sha256 "${sum}"`;
  };
  const system = (name: string, suffix: string) =>
    `  on_${name} do
    on_arm do
${source(`aarch64-${suffix}`)}
    end
    on_intel do
${source(`x86_64-${suffix}`)}
    end
  end
`;
  return `class Triton < Formula
  desc "Archives Kinesis streams to S3, exactly once, and reads both back"
  homepage "https://github.com/${repository}"
  version "${version}"
  license "MIT"

${system("macos", "apple-darwin")}
${system("linux", "unknown-linux-gnu")}
  def install
    bin.install "triton"
    generate_completions_from_executable(bin/"triton", "completions")
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/triton --version").strip
  end
end
`;
}

if (import.meta.main) {
  const [repository, version] = Deno.args;
  const sums = await new Response(Deno.stdin.readable).text();
  await Deno.stdout.write(
    new TextEncoder().encode(homebrewFormula(repository!, version!, sums)),
  );
}
