'use strict';

// How the two front ends ask for a tweet: through the balancer, over connections that stay open.

const http = require('node:http');

/** Where the api is, without the final `/tweet`: the balancer's route to it. */
const apiURL = process.env.TWEET_API_URL || 'http://balancer/api';

const tweetURL = `${apiURL.replace(/\/+$/, '')}/tweet`;
const timeoutMilliseconds = 5000;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/**
 * One tweet, as tweet-api answers it. `request` is the request being served: its id goes along, so that both log lines
 * of the balancer carry the same one. Throws an Error that says in a sentence why there is no tweet.
 */
async function fetchTweet(request) {
  const id = request.headers['x-request-id'];
  const headers = { Accept: 'application/json', ...(id && { 'X-Request-Id': id }) };
  const { status, body } = await get(headers);
  if (status !== 200) {
    throw new Error(`${tweetURL} answered ${status}`);
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`${tweetURL} answered something that is not JSON`);
  }
}

async function get(headers) {
  for (;;) {
    try {
      return await getOnce(headers);
    } catch (error) {
      // The other side closed a kept connection just as it was used again: that says nothing about the service.
      // Each turn uses up one kept connection, so this ends.
      if (!(error.reusedSocket && error.code === 'ECONNRESET')) {
        throw new Error(`${tweetURL} cannot be reached (${error.code ?? error.message})`);
      }
    }
  }
}

function getOnce(headers) {
  return new Promise((resolve, reject) => {
    const request = http.get(tweetURL, { agent, headers, timeout: timeoutMilliseconds }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode, body }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMilliseconds} ms`)));
    request.on('error', (error) => reject(Object.assign(error, { reusedSocket: request.reusedSocket })));
  });
}

module.exports = { fetchTweet };
