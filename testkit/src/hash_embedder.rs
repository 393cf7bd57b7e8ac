//! An embedder without a model.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use async_trait::async_trait;
use gori_core::{Context, Embedder, Embeddings, Result, Role};

/// Adds up a pseudo-random direction for each word: texts that share words are near.
#[derive(Clone, Debug)]
pub struct HashEmbedder {
    dims: usize,
    id: String,
}

impl HashEmbedder {
    /// Vectors of so many numbers.
    pub fn new(dims: usize) -> Self {
        Self {
            dims,
            id: format!("hash-{dims}"),
        }
    }

    /// The unit vector of a text. Texts without words share one direction.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut sum = direction("", self.dims);
        sum.iter_mut().for_each(|x| *x *= 1e-3);
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let word = word.to_lowercase();
            sum.iter_mut()
                .zip(direction(&word, self.dims))
                .for_each(|(sum, x)| *sum += x);
        }
        let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
        sum.iter_mut().for_each(|x| *x /= length);
        sum
    }
}

fn direction(word: &str, dims: usize) -> Vec<f32> {
    let number = |i: usize| {
        let mut hasher = DefaultHasher::new();
        (word, i).hash(&mut hasher);
        #[expect(clippy::cast_precision_loss, reason = "any number will do")]
        let unit = (hasher.finish() >> 40) as f32 / (1_u64 << 24) as f32;
        unit - 0.5
    };
    (0..dims).map(number).collect()
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn id(&self) -> &str {
        &self.id
    }
    fn dims(&self) -> usize {
        self.dims
    }
    async fn embed(&self, cx: &Context, texts: &[&str], _role: Role) -> Result<Embeddings> {
        cx.usage().add_embedded(texts.len() as u64);
        Embeddings::new(
            self.dims,
            texts.iter().flat_map(|text| self.vector(text)).collect(),
        )
    }
}
