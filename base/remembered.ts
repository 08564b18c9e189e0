/** A pure function that remembers its latest answers: for texts that come again soon, as the names in one request do. */

/** `entriesMax`: answers that are kept at most; when there are so many, all are forgotten. */
export function remembered<Answer>(
  entriesMax: number,
  work: (text: string) => Answer,
): (text: string) => Answer {
  const answers = new Map<string, Answer>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined || answers.has(text)) return known as Answer
    const answer = work(text)
    if (answers.size >= entriesMax) answers.clear()
    answers.set(text, answer)
    return answer
  }
}
