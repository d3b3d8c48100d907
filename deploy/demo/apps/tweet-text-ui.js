'use strict';

// tweet-text-ui: `/tweet.txt` shows a tweet as plain text.

const { serve, replica } = require('./service');
const { fetchTweet } = require('./api-client');

/** The text broken between words into lines of at most `width` characters, where its words allow it. */
function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1];
    if (line && line.length + 1 + word.length > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
  }
  return lines;
}

function page(tweet) {
  const lines = [
    `${tweet.user.name} (@${tweet.user.screen_name})`,
    '',
    ...wrap(tweet.text, 64).map((line) => `  ${line}`),
    '',
    `${tweet.created_at}   ${tweet.retweet_count} retweets   ${tweet.favorite_count} likes`,
    `served by ${replica}, tweet from ${tweet.served_by}`,
  ];
  return `${lines.join('\n')}\n`;
}

serve('tweet-text-ui', {
  '/tweet.txt': async (request) => {
    try {
      const tweet = await fetchTweet(request);
      return { headers: { 'X-Api-Replica': tweet.served_by }, body: page(tweet) };
    } catch (error) {
      return { status: 502, body: `No tweet right now: ${error.message}\nserved by ${replica}\n` };
    }
  },
});
