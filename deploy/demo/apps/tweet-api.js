'use strict';

// tweet-api: `/api/tweet` answers one of the bundled tweets, in the shape of a Twitter status object.

const { serve, json, replica } = require('./service');
const { users, tweets } = require('./tweets.json');

let next = Math.floor(Math.random() * tweets.length);

/** The Twitter status of a bundled tweet, signed by this replica in `served_by`. */
function statusOf(tweet) {
  const user = users[tweet.user];
  return {
    created_at: twitterDate(new Date(tweet.at)),
    id: Number(tweet.id),
    id_str: tweet.id,
    text: tweet.text,
    truncated: false,
    entities: entitiesOf(tweet.text),
    source: '<a href="https://example.com" rel="nofollow">Tweet Stack</a>',
    in_reply_to_status_id: null,
    in_reply_to_user_id: null,
    in_reply_to_screen_name: null,
    user: {
      id: Number(user.id),
      id_str: user.id,
      name: user.name,
      screen_name: tweet.user,
      location: user.location,
      description: user.description,
      followers_count: user.followers,
      friends_count: user.friends,
      verified: user.verified ?? false,
    },
    geo: null,
    coordinates: null,
    place: null,
    is_quote_status: false,
    retweet_count: tweet.retweets,
    favorite_count: tweet.likes,
    favorited: false,
    retweeted: false,
    lang: 'en',
    served_by: replica,
  };
}

/** The hashtags and mentions of a text, each with the character indices it spans. */
function entitiesOf(text) {
  const spans = (pattern, key) => Array.from(text.matchAll(pattern), (match) => (
    { [key]: match[0].slice(1), indices: [match.index, match.index + match[0].length] }
  ));
  return { hashtags: spans(/#\w+/g, 'text'), symbols: [], user_mentions: spans(/@\w+/g, 'screen_name'), urls: [] };
}

/** A date as Twitter writes it: `Wed Oct 10 20:19:24 +0000 2018`. */
function twitterDate(date) {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} +0000 ${year}`;
}

serve('tweet-api', {
  '/api/tweet': async () => {
    next = (next + 1) % tweets.length;
    return json(statusOf(tweets[next]));
  },
});
